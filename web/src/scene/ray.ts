// Where a ray meets the ground, by its height instead of its hundred thousand triangles: a hand that points asks many times a frame.
import * as THREE from "three";
import type { Ground } from "./terrain";

const STEP = 0.5; // metres of the first step
const GROWS = 0.02; // by how much of the way a step grows
const HALVED = 14; // how often the last step is halved
const ray = new THREE.Ray();
const back = new THREE.Matrix4();
const spot = new THREE.Vector3();

/** The distance along a ray at which it comes to the ground from above, or null. */
export function reached(
  height: (x: number, z: number) => number,
  from: THREE.Vector3,
  way: THREE.Vector3,
  reach: number,
): number | null {
  const above = (gone: number) => {
    spot.copy(from).addScaledVector(way, gone);
    return spot.y - height(spot.x, spot.z);
  };
  if (above(0) < 0) return null;
  for (let before = 0; before < reach;) {
    let now = Math.min(reach, before + Math.max(STEP, before * GROWS));
    let low = before;
    if (above(now) < 0) {
      for (let i = 0; i < HALVED; i++) {
        const middle = (low + now) / 2;
        if (above(middle) < 0) now = middle;
        else low = middle;
      }
      return now;
    }
    before = now;
  }
  return null;
}

/** How the land answers a ray of a mouse or a hand. */
export function landCast(ground: Ground) {
  const half = ground.size / 2;
  const top = ground.heights.reduce((a, b) => Math.max(a, b), -Infinity);
  const beyond = (x: number, z: number) => Math.abs(x) > half || Math.abs(z) > half;
  const height = (x: number, z: number) => (beyond(x, z) ? -1e6 : ground.land(x, z));
  return function cast(
    this: THREE.Mesh,
    caster: THREE.Raycaster,
    hits: THREE.Intersection[],
  ): void {
    const size = this.matrixWorld.getMaxScaleOnAxis();
    ray.copy(caster.ray).applyMatrix4(back.copy(this.matrixWorld).invert());
    let reach = Math.min(caster.far / size, 2 * ground.size);
    if (ray.direction.y >= 0) {
      if (ray.origin.y > top) return;
      reach = Math.min(reach, (top - ray.origin.y) / Math.max(1e-3, ray.direction.y));
    }
    const gone = reached(height, ray.origin, ray.direction, reach);
    if (gone === null || gone * size < caster.near) return;
    const local = ray.at(gone, new THREE.Vector3());
    if (beyond(local.x, local.z)) return;
    const e = 0.4;
    const up = new THREE.Vector3(
      ground.land(local.x - e, local.z) - ground.land(local.x + e, local.z),
      2 * e,
      ground.land(local.x, local.z - e) - ground.land(local.x, local.z + e),
    ).normalize();
    hits.push({
      distance: gone * size,
      point: local.clone().applyMatrix4(this.matrixWorld),
      object: this,
      face: { a: 0, b: 0, c: 0, normal: up, materialIndex: 0 },
    });
  };
}
