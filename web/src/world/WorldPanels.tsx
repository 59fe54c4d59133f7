// The panel that is open, and the card of what is chosen.
import { useWords } from "../i18n/words";
import { MarkerCard } from "../markers/MarkerCard";
import { PutMarkerPanel } from "../markers/PutMarkerPanel";
import { TimeBar } from "../overlays/TimeBar";
import { ElementCard } from "../panels/ElementCard";
import { FollowPanel } from "../panels/FollowPanel";
import { PeoplePanel } from "../panels/PeoplePanel";
import type { Scene } from "../state/wire";
import { ComfortPanel } from "../xr/ComfortPanel";
import { DRAWS, type WorldState } from "./useWorld";

interface Props {
  scene: Scene;
  world: WorldState;
}

export function WorldPanels({ scene, world }: Props) {
  const { past, selection, panels, e, setPath, showTime } = world;
  const { open, close } = panels;
  return (
    <>
      <MarkerPanels scene={scene} world={world} />
      {!e && <OwnPanel world={world} />}
      {open === "follow" && (
        <FollowPanel scene={scene} onPath={setPath} onStep={selection.choose} onClose={close} />
      )}
      {open === "past" && <TimeBar shown={past?.at ?? null} onTime={showTime} onClose={close} />}
      {e && open !== "follow" && (
        <ElementCard
          e={e}
          name={world.visitors.name}
          onPath={setPath}
          onShelf={world.onShelf}
          onClose={selection.unchoose}
        />
      )}
    </>
  );
}

/** Putting a marker down, or the card of one. */
function MarkerPanels({ scene, world }: Props) {
  const t = useWords();
  const { planted: markers, selection, panels, drawing, e, marker, visitors } = world;
  const { elements } = scene;
  const drawn = DRAWS && !drawing.asList;
  if (!markers) return null;
  if (marker && panels.open !== "follow")
    return (
      <MarkerCard
        {...{ markers, elements, drawn }}
        one={marker}
        carried={selection.carried === marker.id}
        onCarry={(yes) => selection.setCarried(yes ? marker.id : null)}
        onClose={() => selection.choose(null)}
      />
    );
  if (panels.open !== "put" || e || marker) return null;
  return (
    <PutMarkerPanel
      {...{ markers, elements, drawn }}
      name={visitors.name || t("visitor")}
      onChoose={selection.choose}
      onClose={panels.close}
    />
  );
}

/** The panels about the visitor, which a card covers. */
function OwnPanel({ world }: { world: WorldState }) {
  const { visitors, takeName, comfort, changeComfort, panels } = world;
  if (panels.open === "people")
    return (
      <PeoplePanel
        key={visitors.name}
        visitors={visitors}
        onName={takeName}
        onClose={panels.close}
      />
    );
  if (panels.open === "comfort")
    return <ComfortPanel comfort={comfort} onChange={changeComfort} onClose={panels.close} />;
  return null;
}
