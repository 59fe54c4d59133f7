// What people put down, as it stands in the valley: chosen by a click, carried before one's eyes, in a headset held by the grip and set down where it points.
import { useFrame, type ThreeEvent } from "@react-three/fiber";
import { useXR, useXRInputSourceState } from "@react-three/xr";
import { useEffect, useLayoutEffect, useMemo, useRef, type RefObject } from "react";
import * as THREE from "three";
import { ball, box, cone, matte, rod, solid } from "../scene/shapes";
import { reached } from "../scene/ray";
import type { Ground } from "../scene/terrain";
import type { Marker, Markers as Held } from "../state/markers";
import { Hung } from "./Signs";

const FAR = 220, NEAR = 8, TOLD_MS = 250, MOST = 256; // metres that a look or a hand reaches, and metres ahead where it meets no ground
const TALL: Record<string, number> = { flag: 3.2, lantern: 2.9, board: 2.4 };

/** Where one looks: the spot on the ground, and how one is turned. */
export const ahead = { x: 0, z: 0, turn: 0 };

type V3 = [number, number, number];
const wood = "#5b4230";
const SHAPES: Record<string, () => THREE.BufferGeometry> = {
  flag: () => solid([{ shape: rod(0.05, 0.07, 3, 7), colour: wood, at: [0, 1.5, 0] }, { shape: ball(0.09), colour: "#f4e3b0", at: [0, 3.03, 0] }, { shape: cone(0.62, 1.25, 3), colour: "#ffffff", at: [0.62, 2.42, 0], turn: [0, 0, -Math.PI / 2], size: [1, 1, 0.09] }, { shape: rod(0.26, 0.34, 0.16, 8), colour: "#8d8778", at: [0, 0.08, 0] }]),
  lantern: () => solid([{ shape: rod(0.06, 0.08, 2, 7), colour: wood, at: [0, 1, 0] }, { shape: rod(0.34, 0.24, 0.62, 6), colour: "#ffffff", at: [0, 2.32, 0] }, { shape: cone(0.46, 0.36, 6), colour: "#4a4438", at: [0, 2.81, 0] }, { shape: rod(0.28, 0.28, 0.06, 6), colour: "#4a4438", at: [0, 1.99, 0] }, { shape: rod(0.26, 0.34, 0.16, 8), colour: "#8d8778", at: [0, 0.08, 0] }]),
  board: () => solid([...[-0.85, 0.85].map((x) => ({ shape: box(0.12, 2, 0.12), colour: wood, at: [x, 1, 0] as V3 })), { shape: box(2.1, 1.2, 0.1), colour: "#ffffff", at: [0, 1.35, 0] }, { shape: box(2.3, 0.14, 0.34), colour: "#7c5638", at: [0, 2.02, 0] }]),
};
const tint = (who: string, to: THREE.Color) => to.setHSL((([...who].reduce((sum, c) => (sum * 31 + c.codePointAt(0)!) >>> 0, 7) * 0.382) % 1), 0.58, 0.62);

const spot = new THREE.Vector3(), from = new THREE.Vector3(), way = new THREE.Vector3(), put = new THREE.Object3D(), colour = new THREE.Color();
const floor = (ground: Ground, x: number, z: number) => Math.max(ground.land(x, z), ground.mere.y + 0.05);

// Where a ray meets the ground, or a spot ahead of it.
function meets(ground: Ground, from: THREE.Vector3, way: THREE.Vector3): THREE.Vector3 {
  const gone = reached((x, z) => floor(ground, x, z), from, way, FAR);
  if (gone !== null) return spot.copy(from).addScaledVector(way, gone);
  const flat = Math.hypot(way.x, way.z) || 1;
  return spot.set(from.x + (way.x / flat) * NEAR, 0, from.z + (way.z / flat) * NEAR);
}

// Markers are small and stand among big things: whoever points at one means it.
class Picks extends THREE.InstancedMesh { override raycast(caster: THREE.Raycaster, hits: THREE.Intersection[]): void { const before = hits.length; super.raycast(caster, hits); for (const hit of hits.slice(before)) hit.distance *= 0.01; } }

function Form({ form, mine, night, where }: { form: string; mine: Marker[]; night: boolean; where: (m: Marker) => V3 }) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  const shape = useMemo(() => SHAPES[form]!(), [form]);
  const paint = useMemo(() => matte(night && form === "lantern" ? { emissive: "#c98a2a", emissiveIntensity: 0.9 } : {}), [form, night]);
  useEffect(() => () => { shape.dispose(); paint.dispose(); }, [shape, paint]);
  useLayoutEffect(() => {
    const m = mesh.current;
    if (!m) return;
    mine.slice(0, MOST).forEach((one, i) => { put.position.set(...where(one)); put.rotation.set(0, one.turn, 0); put.updateMatrix(); m.setMatrixAt(i, put.matrix); m.setColorAt(i, tint(one.who, colour)); });
    m.count = Math.min(MOST, mine.length); m.instanceMatrix.needsUpdate = true;
    if (m.instanceColor) m.instanceColor.needsUpdate = true;
  }, [mine, where]);
  return <instancedMesh ref={mesh} args={[shape, paint, MOST]} visible={mine.length > 0} castShadow frustumCulled={false} />;
}

export function Planted({ markers, ground, night, chosen, carried, aiming, name, onChoose, onHover }: {
  markers: Held; ground: Ground; night: boolean; chosen: string | null; carried: string | null; aiming: boolean; name: string; onChoose: (id: string) => void; onHover: (id: string | null) => void;
}) {
  const group = useRef<THREE.Group>(null), told = useRef(0);
  const all = markers.all;
  const where = useMemo(() => (m: Marker): V3 => [m.x, floor(ground, m.x, m.z), m.z], [ground]);
  const forms = useMemo(() => Object.keys(SHAPES).map((form) => [form, all.filter((m) => m.form === form)] as const), [all]);
  const signs = useMemo(() => all.map((m) => ({ at: [m.x, where(m)[1] + (TALL[m.form] ?? 3) + 0.25, m.z], text: m.words.trim().split("\n")[0] || m.who, wide: m.form === "board" ? 2.6 : 1.8, loud: false })), [all, where]);
  const picks = useMemo(() => { const made = new Picks(new THREE.CylinderGeometry(0.9, 0.9, 3.2, 6).translate(0, 1.6, 0), new THREE.MeshBasicMaterial({ colorWrite: false, depthWrite: false }), MOST); made.frustumCulled = false; return made; }, []);
  useEffect(() => () => { picks.geometry.dispose(); (picks.material as THREE.Material).dispose(); picks.dispose(); }, [picks]);
  useLayoutEffect(() => {
    all.slice(0, MOST).forEach((m, i) => picks.setMatrixAt(i, put.matrix.makeTranslation(...where(m))));
    picks.count = Math.min(MOST, all.length); picks.instanceMatrix.needsUpdate = true; picks.computeBoundingSphere();
  }, [all, where, picks]);
  useFrame(({ camera, gl }) => {
    if (gl.xr.isPresenting || !(aiming || carried)) return;
    camera.getWorldPosition(from); camera.getWorldDirection(way);
    const at = meets(ground, from, way);
    ahead.x = Math.round(at.x * 100) / 100; ahead.z = Math.round(at.z * 100) / 100; ahead.turn = Math.atan2(-way.x, -way.z);
    const now = performance.now();
    if (carried && now - told.current > TOLD_MS) { told.current = now; markers.move(carried, ahead.x, ahead.z, ahead.turn); }
  });
  const of = (event: ThreeEvent<PointerEvent | MouseEvent>) => (event.instanceId === undefined ? null : all[event.instanceId]?.id ?? null);
  const one = chosen ? all.find((m) => m.id === chosen) : undefined;
  return (
    <group ref={group}>
      {forms.map(([form, mine]) => <Form key={form} form={form} mine={mine} night={night} where={where} />)}
      <Hung hung={signs} />
      <primitive object={picks} onClick={(event: ThreeEvent<MouseEvent>) => { const id = of(event); if (id) { event.stopPropagation(); onChoose(id); } }}
        onPointerMove={(event: ThreeEvent<PointerEvent>) => { event.stopPropagation(); onHover(of(event)); }} onPointerOut={() => onHover(null)} />
      {one && <mesh position={[one.x, where(one)[1] + 0.3, one.z]} rotation-x={-Math.PI / 2}><ringGeometry args={[1, 1.15, 40]} /><meshBasicMaterial color="#ffffff" transparent opacity={0.85} side={THREE.DoubleSide} /></mesh>}
      <Hands markers={markers} ground={ground} name={name} group={group} />
    </group>
  );
}

// In a headset: the grip takes hold of the marker that the hand points at or touches, and it goes where the hand points until it is let go; A or X puts a flag down there.
function Hands({ markers, ground, name, group }: { markers: Held; ground: Ground; name: string; group: RefObject<THREE.Group | null> }) {
  const session = useXR((s) => s.session), space = useXR((s) => s.originReferenceSpace), origin = useXR((s) => s.origin);
  const right = useXRInputSourceState("controller", "right"), left = useXRInputSourceState("controller", "left");
  const hand = useRef<XRInputSource | null>(null), held = useRef(""), told = useRef(0), pressed = useRef(false), last = useRef({ x: 0, z: 0 });
  useEffect(() => {
    if (!session) return;
    const start = (e: XRInputSourceEvent) => { hand.current = e.inputSource; held.current = ""; };
    const end = (e: XRInputSourceEvent) => { if (hand.current !== e.inputSource) return; if (held.current) markers.move(held.current, last.current.x, last.current.z); hand.current = null; held.current = ""; };
    session.addEventListener("squeezestart", start); session.addEventListener("squeezeend", end);
    return () => { session.removeEventListener("squeezestart", start); session.removeEventListener("squeezeend", end); hand.current = null; };
  }, [session, markers]);
  useFrame((_, __, frame?: XRFrame) => {
    const g = group.current;
    if (!frame || !space || !g) return;
    const reach = (source: XRInputSource): boolean => {
      const pose = frame.getPose(source.targetRaySpace, space)?.transform;
      if (!pose) return false;
      from.set(pose.position.x, pose.position.y, pose.position.z);
      way.set(0, 0, -1).applyQuaternion(put.quaternion.set(pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w));
      way.add(from);
      if (origin) { from.applyMatrix4(origin.matrixWorld); way.applyMatrix4(origin.matrixWorld); } // poses are told from where the visitor stands
      g.worldToLocal(from); g.worldToLocal(way); way.sub(from).normalize();
      return true;
    };
    const button = [right, left].find((c) => (c?.gamepad["a-button"] ?? c?.gamepad["x-button"])?.state === "pressed");
    if (button && !pressed.current && markers.may && reach(button.inputSource)) {
      const at = meets(ground, from, way);
      markers.put({ form: "flag", x: at.x, z: at.z, turn: Math.atan2(-way.x, -way.z), who: name, words: "" });
    }
    pressed.current = Boolean(button);
    if (!hand.current || !markers.may || !reach(hand.current)) return;
    if (!held.current) {
      let best = Infinity;
      for (const m of markers.all) {
        spot.set(m.x, floor(ground, m.x, m.z) + 1.3, m.z);
        const gone = Math.max(0, spot.clone().sub(from).dot(way)), off = spot.distanceTo(way.clone().multiplyScalar(gone).add(from));
        if (off < 1.1 + 0.05 * gone && gone < FAR && off + gone * 0.02 < best) { best = off + gone * 0.02; held.current = m.id; last.current = { x: m.x, z: m.z }; }
      }
      if (!held.current) hand.current = null;
      return;
    }
    const now = performance.now(), at = meets(ground, from, way);
    last.current = { x: Math.round(at.x * 100) / 100, z: Math.round(at.z * 100) / 100 };
    if (now - told.current > TOLD_MS) { told.current = now; markers.move(held.current, last.current.x, last.current.z); }
  });
  return null;
}
