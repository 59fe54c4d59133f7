// Where one looks, or a hand points: the spot on the ground.
import * as THREE from "three";
import { reached } from "../scene/ray";
import type { Ground } from "../scene/terrain";

export const FAR = 220; // metres that a look or a hand reaches
const NEAR = 8; // metres ahead, where it meets no ground

/** Where one looks, kept while one puts something down: the spot, and how one is turned. */
export const ahead = { x: 0, z: 0, turn: 0 };

/** How high the ground is, or the water on it. */
export const floorAt = (ground: Ground, x: number, z: number): number =>
  Math.max(ground.land(x, z), ground.mere.y + 0.05);

const spot = new THREE.Vector3();

/** Where a ray meets the ground, or a spot ahead of it. The answer is used anew by the next call. */
export function groundSpot(ground: Ground, from: THREE.Vector3, way: THREE.Vector3): THREE.Vector3 {
  const gone = reached((x, z) => floorAt(ground, x, z), from, way, FAR);
  if (gone !== null) return spot.copy(from).addScaledVector(way, gone);
  const flat = Math.hypot(way.x, way.z) || 1;
  return spot.set(from.x + (way.x / flat) * NEAR, 0, from.z + (way.z / flat) * NEAR);
}

export const toCentimetres = (metres: number): number => Math.round(metres * 100) / 100;

/** How one is turned who looks along a way. */
export const turnOf = (way: THREE.Vector3): number => Math.atan2(-way.x, -way.z);
