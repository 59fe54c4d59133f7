// What is drawn: in AR the whole valley stands on a table; in VR the visitor stands in it.
import { useFrame } from "@react-three/fiber";
import { useXR, XROrigin } from "@react-three/xr";
import { useEffect, useMemo, useRef, useState } from "react";
import * as THREE from "three";
import { sayNow } from "../i18n/words";
import { PlantedMarkers } from "../markers/PlantedMarkers";
import { landscapeOf } from "../scene/landscapes";
import { paletteOf } from "../scene/palette";
import { standOn, type Ground } from "../scene/terrain";
import { useDebugState } from "../state/debugState";
import type { Markers } from "../state/markers";
import type { Visitors } from "../state/visitors";
import type { Element, Scene } from "../state/wire";
import type { ImportedModels } from "../valley/ImportedModel";
import { Spark } from "../valley/Spark";
import { Valley } from "../valley/Valley";
import { Board } from "../xr/Board";
import type { BoardPanel } from "../xr/boardPainting";
import type { Comfort } from "../xr/comfort";
import { ComfortRig } from "../xr/ComfortRig";
import { SnapTurn } from "../xr/SnapTurn";
import { TablePlacement } from "../xr/TablePlacement";
import { Avatars } from "./Avatars";
import { Detail } from "./Detail";
import { Walk } from "./Walk";
import type { Aim } from "./walking";

const TABLE = 1.8; // metres of the valley on a table

export interface StageProps {
  scene: Scene;
  models: ImportedModels;
  look: string;
  still: boolean;
  detail: number;
  onDetail: (level: number) => void;
  chosen: string | null;
  aim: Aim | null;
  path: Element[];
  onChoose: (id: string | null) => void;
  onHover: (id: string | null) => void;
  visitors: Visitors;
  markers: Markers | null;
  carried: string | null;
  aiming: boolean;
  comfort: Comfort;
  panel: BoardPanel | null; // what the board shows in a headset
  sent: THREE.Vector3 | null; // where the board sends a visitor
  onMenu: () => void;
  onMode: (mode: string | null) => void;
}

/** Where a visitor in a headset stands, and how they are turned. */
function useStanding(ground: Ground | null, ar: boolean, { comfort, sent }: StageProps) {
  const [origin, setOrigin] = useState<THREE.Vector3 | null>(null);
  const [followed, setFollowed] = useState(sent);
  const [yaw, setYaw] = useState(0);
  const [lift, setLift] = useState(0); // of who sits
  if (followed !== sent) {
    setFollowed(sent);
    if (sent) setOrigin(sent.clone());
  }
  const high = lift + comfort.height;
  const feet = useMemo(() => {
    if (ar || !ground) return new THREE.Vector3();
    const { x, z } = origin ?? { x: 0, z: ground.foot + 22 };
    return new THREE.Vector3(x, standOn(ground, x, z) + high, z);
  }, [ar, ground, origin, high]);
  useEffect(() => {
    window.mesocosm.origin = feet.toArray();
  }, [feet]);
  useDebugState({ yaw, lift: high });
  return { feet, yaw, setOrigin, setYaw, setLift };
}

export function Stage(props: StageProps) {
  const { scene, look, still, detail, visitors, markers, panel, onMode } = props;
  const mode = useXR((s) => (s.session ? s.mode : null));
  const ar = mode === "immersive-ar";
  const [ground, setGround] = useState<Ground | null>(null);
  const rig = useRef<THREE.Group>(null);
  const { feet, yaw, setOrigin, setYaw, setLift } = useStanding(ground, ar, props);
  useEffect(() => onMode(mode), [mode, onMode]);
  const { season, style, landscape } = scene;
  const p = useMemo(
    () => paletteOf(look, season, landscapeOf(style, landscape)),
    [look, season, style, landscape],
  );
  const { chosen, carried, aiming, onChoose, onHover } = props;
  const scale = ground ? TABLE / ground.size : 0.006;
  return (
    <>
      <XROrigin ref={rig} position={feet} rotation-y={ar ? 0 : yaw} />
      <fog attach="fog" args={[p.fog, 120, Math.max(440, (ground?.size ?? 0) * 0.9)]} />
      <TablePlacement ar={ar} scale={scale} turn={yaw}>
        <Valley
          {...{ scene, p, chosen, still, ar, onChoose, onHover }}
          models={props.models}
          lean={detail}
          onGround={setGround}
          onTeleport={(at) => setOrigin(at.clone())}
        />
        <Spark path={props.path} still={still} />
        {ground && markers && (
          <PlantedMarkers
            {...{ markers, ground, chosen, carried, aiming, onChoose, onHover }}
            night={p.night}
            name={visitors.name || sayNow("visitor")}
          />
        )}
      </TablePlacement>
      <Avatars visitors={visitors} ar={ar} />
      {ground && <Walk ground={ground} aim={props.aim} still={still} />}
      {mode && <Board panel={panel} onMenu={props.onMenu} />}
      {mode && <SnapTurn onTurn={(by) => setYaw((old) => old + by)} />}
      {mode && !ar && ground && (
        <ComfortRig
          comfort={props.comfort}
          ground={ground}
          origin={rig}
          onStop={setOrigin}
          onLift={setLift}
        />
      )}
      <FrameReport scene={scene} mode={mode} />
      <Detail level={detail} onLevel={props.onDetail} changed={scene.revision} />
    </>
  );
}

/** Tells what each frame draws. */
function FrameReport({ scene, mode }: { scene: Scene; mode: string | null }) {
  useDebugState({
    facts: () => Object.fromEntries(scene.elements.map((e) => [e.id, factsOf(e)])),
    stalls: () =>
      Object.fromEntries(
        scene.elements
          .filter((e) => e.stalls.length)
          .map((e) => [e.id, e.stalls.map((s) => s.name)]),
      ),
  });
  useFrame(({ camera, gl }) => {
    const w = window.mesocosm;
    w.frames += 1;
    if (w.frames === 1) w.first = performance.now();
    w.xr = mode ?? "";
    w.camera = camera.position.toArray();
    w.drawn = { calls: gl.info.render.calls, triangles: gl.info.render.triangles };
    w.shown = scene.revision;
  });
  return null;
}

const factsOf = (e: Element): unknown[] => [
  e.state,
  e.facts.kept ?? null,
  e.facts.version ?? null,
  e.weather,
  e.share,
];
