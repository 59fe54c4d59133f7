// Markers in a headset: the grip takes hold of the marker that the hand points at or touches, and it goes where the hand points until it is let go; A or X puts a flag down there.
import { useFrame } from "@react-three/fiber";
import { useXR, useXRInputSourceState } from "@react-three/xr";
import { useEffect, useMemo, useRef, type RefObject } from "react";
import * as THREE from "three";
import type { Ground } from "../scene/terrain";
import type { Marker, Markers } from "../state/markers";
import { FAR, floorAt, groundSpot, toCentimetres, turnOf } from "./lookedAt";

const TOLD_MS = 250; // between two places that others are told of

interface Ray {
  from: THREE.Vector3;
  way: THREE.Vector3;
}

/** The ray of a hand within the valley; false where the hand is not seen. */
function useHandRay(group: RefObject<THREE.Group | null>) {
  const space = useXR((s) => s.originReferenceSpace);
  const origin = useXR((s) => s.origin);
  const ray = useMemo<Ray>(() => ({ from: new THREE.Vector3(), way: new THREE.Vector3() }), []);
  const point = (frame: XRFrame, source: XRInputSource): boolean => {
    const pose = space && frame.getPose(source.targetRaySpace, space)?.transform;
    const valley = group.current;
    if (!pose || !valley) return false;
    const { position, orientation } = pose;
    const turn = new THREE.Quaternion(orientation.x, orientation.y, orientation.z, orientation.w);
    ray.from.set(position.x, position.y, position.z);
    ray.way.set(0, 0, -1).applyQuaternion(turn).add(ray.from);
    for (const end of [ray.from, ray.way]) {
      if (origin) end.applyMatrix4(origin.matrixWorld); // poses are told from where the visitor stands
      valley.worldToLocal(end);
    }
    ray.way.sub(ray.from).normalize();
    return true;
  };
  return { ray, point };
}

/** The marker that a ray points at or touches: the nearest to it, and the nearer one of two. */
function pointedAt(all: Marker[], ground: Ground, { from, way }: Ray): Marker | null {
  const spot = new THREE.Vector3();
  const foot = new THREE.Vector3();
  let best = Infinity;
  let found: Marker | null = null;
  for (const m of all) {
    spot.set(m.x, floorAt(ground, m.x, m.z) + 1.3, m.z);
    const gone = Math.max(0, foot.copy(spot).sub(from).dot(way));
    const off = spot.distanceTo(foot.copy(way).multiplyScalar(gone).add(from));
    const far = off + gone * 0.02;
    if (off >= 1.1 + 0.05 * gone || gone >= FAR || far >= best) continue;
    best = far;
    found = m;
  }
  return found;
}

interface Grip {
  hand: XRInputSource | null;
  held: string; // the marker's id
  last: { x: number; z: number };
}

/** Which hand grips; a marker is set down where the grip ends. */
function useGrip(markers: Markers): RefObject<Grip> {
  const session = useXR((s) => s.session);
  const grip = useRef<Grip>({ hand: null, held: "", last: { x: 0, z: 0 } });
  useEffect(() => {
    if (!session) return;
    const g = grip.current;
    const take = (hand: XRInputSource | null) => {
      g.hand = hand;
      g.held = "";
    };
    const start = (event: XRInputSourceEvent) => take(event.inputSource);
    const end = (event: XRInputSourceEvent) => {
      if (g.hand !== event.inputSource) return;
      if (g.held) markers.move(g.held, g.last.x, g.last.z);
      take(null);
    };
    session.addEventListener("squeezestart", start);
    session.addEventListener("squeezeend", end);
    return () => {
      session.removeEventListener("squeezestart", start);
      session.removeEventListener("squeezeend", end);
      g.hand = null;
    };
  }, [session, markers]);
  return grip;
}

export function MarkerHands({
  markers,
  ground,
  name,
  group,
}: {
  markers: Markers;
  ground: Ground;
  name: string;
  group: RefObject<THREE.Group | null>;
}) {
  const right = useXRInputSourceState("controller", "right");
  const left = useXRInputSourceState("controller", "left");
  const { ray, point } = useHandRay(group);
  const grip = useGrip(markers);
  const told = useRef(0);
  const pressed = useRef(false);
  const putFlag = () => {
    const { x, z } = groundSpot(ground, ray.from, ray.way);
    markers.put({ form: "flag", x, z, turn: turnOf(ray.way), who: name, words: "" });
  };
  const carry = (g: Grip) => {
    const now = performance.now();
    const at = groundSpot(ground, ray.from, ray.way);
    g.last = { x: toCentimetres(at.x), z: toCentimetres(at.z) };
    if (now - told.current <= TOLD_MS) return;
    told.current = now;
    markers.move(g.held, g.last.x, g.last.z);
  };
  const takeHold = (g: Grip) => {
    const found = pointedAt(markers.all, ground, ray);
    if (found) {
      g.held = found.id;
      g.last = { x: found.x, z: found.z };
    } else g.hand = null;
  };
  useFrame((_, __, frame?: XRFrame) => {
    if (!frame) return;
    const button = [right, left].find(
      (c) => (c?.gamepad["a-button"] ?? c?.gamepad["x-button"])?.state === "pressed",
    );
    if (button && !pressed.current && markers.may && point(frame, button.inputSource)) putFlag();
    pressed.current = Boolean(button);
    const g = grip.current;
    if (!g.hand || !markers.may || !point(frame, g.hand)) return;
    if (g.held) carry(g);
    else takeHold(g);
  });
  return null;
}
