// The world's page: the valley, its list, its cards, what can be done in it, and the doors to VR and AR.
import { Canvas } from "@react-three/fiber";
import { XR } from "@react-three/xr";
import { useWords } from "../i18n/words";
import { useBarHeight } from "../overlays/barHeight";
import { ElementList } from "../overlays/ElementList";
import { Hints } from "../overlays/Hints";
import { Notices } from "../overlays/Notices";
import { TopBar } from "../overlays/TopBar";
import { PALETTES } from "../scene/palette";
import type { Scene } from "../state/wire";
import { SHARP } from "./detailLevels";
import { Stage } from "./Stage";
import { DRAWS, PICTURE, PLAIN, useHeadset, useWorld, type WorldState } from "./useWorld";
import { WorldPanels } from "./WorldPanels";
import { xrStore } from "./xrStore";

export function World() {
  const t = useWords();
  const world = useWorld();
  const headset = useHeadset(world);
  const root = useBarHeight();
  const { scene, planted, selection, drawing } = world;
  if (!scene)
    return (
      <main className="wait">
        <p>{t("Waiting for the ecosystem…")}</p>
      </main>
    );
  const classes = [
    "world",
    PICTURE ? "bare" : "",
    drawing.asList ? "listed" : "",
    PALETTES[drawing.look].night ? "dark" : "",
  ];
  return (
    <main ref={root} className={classes.filter(Boolean).join(" ")}>
      {DRAWS && <Picture scene={scene} world={world} headset={headset} />}
      <TopBar scene={scene} world={world} />
      <Notices scene={scene} world={world} />
      {drawing.asList && (
        <ElementList
          scene={scene}
          markers={planted?.all ?? []}
          chosen={selection.chosen}
          onChoose={selection.choose}
        />
      )}
      <WorldPanels scene={scene} world={world} />
      <Hints scene={scene} world={world} />
    </main>
  );
}

function Picture({
  scene,
  world,
  headset,
}: {
  scene: Scene;
  world: WorldState;
  headset: ReturnType<typeof useHeadset>;
}) {
  const t = useWords();
  const { selection, drawing, visitors, planted, comfort, imported, lit, panels } = world;
  const { look, still, detail, setDetail, lose, found } = drawing;
  const { chosen, aim, carried, choose, setHovered } = selection;
  const { panel, openMenu, sent, setMode } = headset;
  return (
    <div
      className="view"
      role="img"
      aria-label={t(
        "{}: {} things; {} alerts open. Press L for the same as a list.",
        scene.ecosystem,
        scene.elements.length,
        scene.alerts.length,
      )}
    >
      <Canvas
        shadows
        camera={{ fov: 55, near: 0.1, far: 2600 }}
        dpr={SHARP[detail]}
        gl={{ antialias: !PLAIN, toneMappingExposure: 1.15 }}
        onCreated={({ gl }) => {
          gl.domElement.addEventListener("webglcontextlost", lose);
          gl.domElement.addEventListener("webglcontextrestored", found);
        }}
      >
        <XR store={xrStore}>
          <Stage
            {...{ scene, look, still, detail, chosen, aim, carried, visitors, comfort }}
            {...{ panel, sent }}
            models={imported.models}
            path={lit}
            markers={planted}
            aiming={panels.open === "put"}
            onDetail={setDetail}
            onChoose={choose}
            onHover={setHovered}
            onMenu={openMenu}
            onMode={setMode}
          />
        </XR>
      </Canvas>
    </div>
  );
}
