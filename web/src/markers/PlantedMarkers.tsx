// What people put down, as it stands in the valley: chosen by a click, carried before one's eyes, in a headset held by the grip and set down where it points.
import { useFrame, type ThreeEvent } from "@react-three/fiber";
import { useEffect, useLayoutEffect, useMemo, useRef, type RefObject } from "react";
import * as THREE from "three";
import { matte, type V3 } from "../scene/shapes";
import type { Ground } from "../scene/terrain";
import type { Marker, Markers } from "../state/markers";
import { MarkerHands } from "./MarkerHands";
import { ahead, floorAt, groundSpot, toCentimetres, turnOf } from "./lookedAt";
import { MARKER_FORMS, tintOf } from "./markerShapes";
import { HungSigns, type Sign } from "../valley/Signs";

const MOST = 256; // markers drawn at most
const TOLD_MS = 250; // between two places that others are told of

interface PlantedProps {
  markers: Markers;
  ground: Ground;
  night: boolean;
  chosen: string | null;
  carried: string | null;
  aiming: boolean;
  name: string;
  onChoose: (id: string) => void;
  onHover: (id: string | null) => void;
}

export function PlantedMarkers(props: PlantedProps) {
  const { markers, ground, night, chosen, name, onChoose, onHover } = props;
  const group = useRef<THREE.Group>(null);
  const { all } = markers;
  const where = useMemo(
    () =>
      (m: Marker): V3 => [m.x, floorAt(ground, m.x, m.z), m.z],
    [ground],
  );
  const forms = useMemo(
    () =>
      Object.keys(MARKER_FORMS).map((form) => [form, all.filter((m) => m.form === form)] as const),
    [all],
  );
  const signs = useMemo(() => all.map((m) => signOf(m, where(m))), [all, where]);
  useCarry(props);
  const one = chosen ? all.find((m) => m.id === chosen) : undefined;
  return (
    <group ref={group}>
      {forms.map(([form, mine]) => (
        <Form key={form} form={form} mine={mine} night={night} where={where} />
      ))}
      <HungSigns signs={signs} />
      <MarkerPicks all={all} where={where} onChoose={onChoose} onHover={onHover} />
      {one && <Ring at={where(one)} />}
      <MarkerHands markers={markers} ground={ground} name={name} group={group} />
    </group>
  );
}

/** The sign over a marker: its first line, or who put it down. */
function signOf(m: Marker, [x, y, z]: V3): Sign {
  const tall = MARKER_FORMS[m.form]?.tall ?? 3;
  return {
    at: [x, y + tall + 0.25, z],
    text: m.words.trim().split("\n")[0] || m.who,
    wide: m.form === "board" ? 2.6 : 1.8,
    loud: false,
  };
}

function Ring({ at: [x, y, z] }: { at: V3 }) {
  return (
    <mesh position={[x, y + 0.3, z]} rotation-x={-Math.PI / 2}>
      <ringGeometry args={[1, 1.15, 40]} />
      <meshBasicMaterial color="#ffffff" transparent opacity={0.85} side={THREE.DoubleSide} />
    </mesh>
  );
}

/** Keeps where one looks while one puts something down, and carries a marker there. */
function useCarry({ markers, ground, carried, aiming }: PlantedProps): void {
  const told = useRef(0);
  const eye = useMemo(() => ({ from: new THREE.Vector3(), way: new THREE.Vector3() }), []);
  useFrame(({ camera, gl }) => {
    if (gl.xr.isPresenting || !(aiming || carried)) return;
    camera.getWorldPosition(eye.from);
    camera.getWorldDirection(eye.way);
    const at = groundSpot(ground, eye.from, eye.way);
    ahead.x = toCentimetres(at.x);
    ahead.z = toCentimetres(at.z);
    ahead.turn = turnOf(eye.way);
    const now = performance.now();
    if (!carried || now - told.current <= TOLD_MS) return;
    told.current = now;
    markers.move(carried, ahead.x, ahead.z, ahead.turn);
  });
}

function Form({
  form,
  mine,
  night,
  where,
}: {
  form: string;
  mine: Marker[];
  night: boolean;
  where: (m: Marker) => V3;
}) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  const shape = useMemo(() => MARKER_FORMS[form].shape(), [form]);
  const glows = night && form === "lantern";
  const paint = useMemo(
    () => matte(glows ? { emissive: "#c98a2a", emissiveIntensity: 0.9 } : {}),
    [glows],
  );
  useEffect(
    () => () => {
      shape.dispose();
      paint.dispose();
    },
    [shape, paint],
  );
  useStanding(mesh, mine, where);
  return (
    <instancedMesh
      ref={mesh}
      args={[shape, paint, MOST]}
      visible={mine.length > 0}
      castShadow
      frustumCulled={false}
    />
  );
}

/** Puts every marker of a form where it stands, in its person's colour. */
function useStanding(
  mesh: RefObject<THREE.InstancedMesh | null>,
  mine: Marker[],
  where: (m: Marker) => V3,
): void {
  useLayoutEffect(() => {
    const m = mesh.current;
    if (!m) return;
    const put = new THREE.Object3D();
    const colour = new THREE.Color();
    mine.slice(0, MOST).forEach((one, i) => {
      put.position.set(...where(one));
      put.rotation.set(0, one.turn, 0);
      put.updateMatrix();
      m.setMatrixAt(i, put.matrix);
      m.setColorAt(i, tintOf(one.who, colour));
    });
    m.count = Math.min(MOST, mine.length);
    m.instanceMatrix.needsUpdate = true;
    if (m.instanceColor) m.instanceColor.needsUpdate = true;
  }, [mesh, mine, where]);
}

// Markers are small and stand among big things: whoever points at one means it.
class NearPicks extends THREE.InstancedMesh<THREE.BufferGeometry, THREE.Material> {
  override raycast(caster: THREE.Raycaster, hits: THREE.Intersection[]): void {
    const before = hits.length;
    super.raycast(caster, hits);
    for (const hit of hits.slice(before)) hit.distance *= 0.01;
  }
}

function newPicks(): NearPicks {
  const picks = new NearPicks(
    new THREE.CylinderGeometry(0.9, 0.9, 3.2, 6).translate(0, 1.6, 0),
    new THREE.MeshBasicMaterial({ colorWrite: false, depthWrite: false }),
    MOST,
  );
  picks.frustumCulled = false;
  return picks;
}

/** What a click on a marker hits. */
function MarkerPicks({
  all,
  where,
  onChoose,
  onHover,
}: {
  all: Marker[];
  where: (m: Marker) => V3;
  onChoose: (id: string) => void;
  onHover: (id: string | null) => void;
}) {
  const picks = useMemo(() => newPicks(), []);
  useEffect(
    () => () => {
      picks.geometry.dispose();
      picks.material.dispose();
      picks.dispose();
    },
    [picks],
  );
  useLayoutEffect(() => {
    const matrix = new THREE.Matrix4();
    all.slice(0, MOST).forEach((m, i) => picks.setMatrixAt(i, matrix.makeTranslation(...where(m))));
    picks.count = Math.min(MOST, all.length);
    picks.instanceMatrix.needsUpdate = true;
    picks.computeBoundingSphere();
  }, [all, where, picks]);
  const of = ({ instanceId }: ThreeEvent<PointerEvent | MouseEvent>): string | null =>
    instanceId === undefined ? null : (all.at(instanceId)?.id ?? null);
  return (
    <primitive
      object={picks}
      onClick={(event: ThreeEvent<MouseEvent>) => {
        const id = of(event);
        if (!id) return;
        event.stopPropagation();
        onChoose(id);
      }}
      onPointerMove={(event: ThreeEvent<PointerEvent>) => {
        event.stopPropagation();
        onHover(of(event));
      }}
      onPointerOut={() => onHover(null)}
    />
  );
}
