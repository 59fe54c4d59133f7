// Streams from one thing to the next below it, in the order of lineage, and the mesh of them all.
import * as THREE from "three";
import type { Element } from "../state/wire";
import type { Land } from "./heightGrid";
import { hash, smooth } from "./noise";

const MANY = 120; // things from which the grid is coarse, and streams have fewer points

export interface Course {
  from: string;
  to: string;
  points: THREE.Vector3[];
}

function course(
  from: Element,
  to: Element,
  land: Land,
  seed: number,
  coarse: boolean,
): THREE.Vector3[] {
  const points: THREE.Vector3[] = [];
  const long = Math.hypot(to.x - from.x, to.z - from.z);
  const [least, most, apart] = coarse ? [10, 30, 4] : [24, 90, 1.4];
  const many = Math.min(most, Math.max(least, Math.round(long / apart)));
  const bend = (hash(from.x, to.x, seed) - 0.5) * 14;
  let low = Infinity;
  for (let i = 0; i <= many; i++) {
    const t = i / many;
    const aside = Math.sin(t * Math.PI) * (bend * 0.5 + Math.sin(t * 9 + from.x) * 1.3);
    const x = from.x + (to.x - from.x) * smooth(t) + aside;
    const z = from.z + (to.z - from.z) * t;
    low = coarse ? land(x, z) + 0.5 : Math.min(low, land(x, z)); // water never climbs; a coarse grid cannot show it
    points.push(new THREE.Vector3(x, low, z));
  }
  return points;
}

/** The streams between things, by both of their ids. */
export function streamsOf(elements: Element[], land: Land, seed: number): Map<string, Course> {
  const by = new Map(elements.map((e) => [e.id, e]));
  const coarse = elements.length > MANY;
  const courses = new Map<string, Course>();
  for (const e of elements) {
    if (e.id.startsWith("monitors.")) continue;
    for (const need of e.needs) {
      const from = by.get(need);
      if (!from) continue;
      const points = course(from, e, land, seed, coarse);
      courses.set(`${need}>${e.id}`, { from: need, to: e.id, points });
    }
  }
  return courses;
}

/** The two banks of a stream: the corners, and uv.y that runs downstream. */
function banksOf(points: THREE.Vector3[]): { at: number[]; uv: number[] } {
  const at: number[] = [];
  const uv: number[] = [];
  let along = 0;
  points.forEach((p, i) => {
    const before = points[Math.max(0, i - 1)];
    const after = points[Math.min(points.length - 1, i + 1)];
    const side = new THREE.Vector3(after.z - before.z, 0, before.x - after.x).normalize();
    const wide = 1.25 + 0.25 * Math.sin(i * 0.7);
    if (i) along += p.distanceTo(before);
    for (const s of [-1, 1]) {
      at.push(p.x + side.x * wide * s, p.y - 0.16, p.z + side.z * wide * s);
      uv.push((s + 1) / 2, along / 4);
    }
  });
  return { at, uv };
}

/** All streams as one ribbon mesh. */
export function rivers(courses: Iterable<Course>): THREE.BufferGeometry {
  const at: number[] = [];
  const uv: number[] = [];
  const index: number[] = [];
  for (const { points } of courses) {
    const first = at.length / 3;
    const banks = banksOf(points);
    at.push(...banks.at);
    uv.push(...banks.uv);
    for (let k = first + 2; k < at.length / 3; k += 2) index.push(k - 2, k, k - 1, k - 1, k, k + 1);
  }
  const up = new Float32Array(at.length).map((_, i) => (i % 3 === 1 ? 1 : 0));
  const shape = new THREE.BufferGeometry();
  shape.setAttribute("position", new THREE.Float32BufferAttribute(at, 3));
  shape.setAttribute("uv", new THREE.Float32BufferAttribute(uv, 2));
  shape.setAttribute("normal", new THREE.Float32BufferAttribute(up, 3));
  shape.setIndex(index);
  return shape;
}
