// The land: baked once into a grid that water, trees and feet all read, and the mesh made of it.
import * as THREE from "three";
import type { Element } from "../state/wire";
import type { Palette } from "./palette";

const FINE = 1.5, MOST = 200; // metres a cell, where that is at most so many cells across

export function hash(x: number, z: number, seed: number): number {
  const n = Math.sin(x * 127.1 + z * 311.7 + seed * 17.3) * 43758.5453;
  return n - Math.floor(n);
}

function noise(x: number, z: number, seed: number): number {
  const ix = Math.floor(x), iz = Math.floor(z), fx = x - ix, fz = z - iz;
  const u = fx * fx * (3 - 2 * fx), v = fz * fz * (3 - 2 * fz);
  const top = hash(ix, iz, seed) * (1 - u) + hash(ix + 1, iz, seed) * u;
  const low = hash(ix, iz + 1, seed) * (1 - u) + hash(ix + 1, iz + 1, seed) * u;
  return top * (1 - v) + low * v;
}

export const ridges = (x: number, z: number, seed: number): number =>
  noise(x / 26, z / 26, seed) * 0.6 + noise(x / 11, z / 11, seed + 1) * 0.28 + noise(x / 5, z / 5, seed + 2) * 0.12;

const smooth = (t: number): number => { const c = Math.min(1, Math.max(0, t)); return c * c * (3 - 2 * c); };

export type Land = (x: number, z: number) => number;
export interface Course { from: string; to: string; points: THREE.Vector3[] }
export interface Ground {
  land: Land; size: number; cells: number; heights: Float32Array; courses: Map<string, Course>; wide: number; head: number; foot: number; high: number; mere: { x: number; z: number; y: number; r: number };
}

// The valley floor falls with z as the rows of things do; its sides and its head rise; at its foot lies a mere.
export function groundOf(elements: Element[], seed: number, rise = 1): Ground {
  const head = Math.min(0, ...elements.map((e) => e.z)), foot = Math.max(0, ...elements.map((e) => e.z));
  const wide = Math.max(40, ...elements.map((e) => Math.abs(e.x) + 18));
  const rows = new Map<number, [number, number]>();
  for (const e of elements) { const r = rows.get(e.altitude); if (r) { r[0] += e.z; r[1] += 1; } else rows.set(e.altitude, [e.z, 1]); }
  const falls = [...rows].map(([y, [z, n]]) => [z / n, y] as const).sort((a, b) => a[0] - b[0]);
  if (!falls.length) falls.push([0, 0]);
  const floor = (z: number): number => {
    if (z <= falls[0]![0]) return falls[0]![1];
    for (let i = 1; i < falls.length; i++) {
      const [a, ya] = falls[i - 1]!, [b, yb] = falls[i]!;
      if (z <= b) return ya + (yb - ya) * smooth((z - a) / Math.max(1e-6, b - a));
    }
    return falls.at(-1)![1] - 3 * smooth((z - falls.at(-1)![0]) / 40);
  };
  const reach = Math.min(120, wide * 0.75), mere = { x: wide * 0.12, z: foot + 30 + 1.15 * reach, y: floor(foot + 80) - 1.1, r: reach };
  const size = 2 * Math.max(wide + 100, Math.max(-head, foot) + 130), cells = Math.min(MOST, Math.round(size / FINE)), step = size / cells, half = size / 2, row = cells + 1;
  const heights = new Float32Array(row * row);
  for (let j = 0; j < row; j++) for (let i = 0; i < row; i++) {
    const x = i * step - half, z = j * step - half, r = ridges(x, z, seed);
    const side = Math.max(0, Math.abs(x + Math.sin(z / 31 + seed) * 9) - wide) / 55, back = Math.max(0, head - 16 - z) / 44;
    const far = Math.hypot((x - mere.x) * 0.8, z - mere.z) / mere.r + (r - 0.5) * 0.28;
    const open = smooth((z - foot - 20) / 60);
    let y = floor(z) + (r - 0.45) * 4.2 + rise * (Math.min(1.5, side * side) * (22 + 38 * r) * (1 - 0.72 * open) + Math.min(1.25, back * back) * (5 + 40 * r * r + 10 * r));
    y += (mere.y - 2.4 - y) * smooth((1.16 - far) / 0.3);
    heights[j * row + i] = y;
  }
  const around = (x: number, z: number, reach: number, each: (at: number, far: number) => void) => {
    const a = Math.max(0, Math.floor((x - reach + half) / step)), b = Math.min(cells, Math.ceil((x + reach + half) / step));
    const c = Math.max(0, Math.floor((z - reach + half) / step)), d = Math.min(cells, Math.ceil((z + reach + half) / step));
    for (let j = c; j <= d; j++) for (let i = a; i <= b; i++) each(j * row + i, Math.hypot(i * step - half - x, j * step - half - z));
  };
  const flat = Math.max(8, step * 1.6), edge = flat + Math.max(8, step);
  for (const e of elements) around(e.x, e.z, edge, (at, far) => { heights[at]! += (e.altitude - heights[at]!) * smooth((edge - far) / (edge - flat)); });
  const land: Land = (x, z) => {
    const u = Math.min(cells - 1e-3, Math.max(0, (x + half) / step)), v = Math.min(cells - 1e-3, Math.max(0, (z + half) / step));
    const i = Math.floor(u), j = Math.floor(v), a = u - i, b = v - j, at = j * row + i;
    return (heights[at]! * (1 - a) + heights[at + 1]! * a) * (1 - b) + (heights[at + row]! * (1 - a) + heights[at + row + 1]! * a) * b;
  };
  const by = new Map(elements.map((e) => [e.id, e]));
  const courses = new Map<string, Course>();
  for (const e of elements) if (!e.id.startsWith("monitors.")) for (const n of e.needs) {
    const from = by.get(n);
    if (from) courses.set(`${n}>${e.id}`, { from: n, to: e.id, points: course(from, e, land, seed, elements.length > 120) });
  }
  const beds = step < 3 ? 3.2 : 0; // a coarse grid has no room for a bed
  if (beds) for (const { points } of courses.values()) {
    const low = points.map((p) => p.y);
    for (let k = 0; k < points.length; k++) around(points[k]!.x, points[k]!.z, beds, (at, far) => {
      heights[at] = Math.min(heights[at]!, low[k]! - 0.55 * smooth((beds - far) / beds) + smooth((far - 1.6) / 1.6) * 2);
    });
  }
  return { land, size, cells, heights, courses, wide, head, foot, high: falls[0]![1] + 6, mere };
}

export function landMesh(ground: Ground, palette: Palette, seed: number): THREE.BufferGeometry {
  const { size, cells, heights, mere } = ground;
  const shape = new THREE.PlaneGeometry(size, size, cells, cells).rotateX(-Math.PI / 2);
  const at = shape.attributes.position as THREE.BufferAttribute;
  for (let i = 0; i < at.count; i++) at.setY(i, heights[i]!);
  shape.computeVertexNormals();
  const up = shape.attributes.normal as THREE.BufferAttribute;
  const colours = new Float32Array(at.count * 3);
  const [grass, meadow, rock, snow, sand, moss] = [palette.grass, palette.meadow, palette.rock, palette.snow, palette.sand, palette.pine].map((c) => new THREE.Color(c));
  const line = palette.landscape?.snowline ?? 0.42, shore = palette.landscape?.shore ?? 1.1, rise = palette.landscape?.rise ?? 1;
  const mix = new THREE.Color(), top = heights.reduce((a, b) => Math.max(a, b), -Infinity), above = ground.high;
  for (let i = 0; i < at.count; i++) {
    const x = at.getX(i), y = at.getY(i), z = at.getZ(i), steep = 1 - up.getY(i), r = ridges(x * 2, z * 2, seed + 5);
    mix.copy(grass!).lerp(meadow!, smooth(r * 1.5 - 0.2));
    mix.lerp(moss!, smooth((ridges(x, z, seed + 8) - 0.5) * 5) * 0.45);
    const up_ = (y - above) / Math.max(1, top - above); // 0 at the highest thing, 1 at the highest peak
    mix.lerp(rock!, smooth((steep - 0.12) * 4.4 + (up_ - 0.22) * 1.9 * Math.min(1, rise * 1.4)));
    mix.lerp(snow!, smooth((up_ - line + (ridges(x, z, 9) - 0.5) * 0.34 - steep * 0.3) / 0.16));
    mix.lerp(sand!, smooth((mere.y + shore - y) / 1.2) * smooth((z - ground.foot - 8) / 20));
    mix.offsetHSL(0, 0, (hash(x, z, 3) - 0.5) * 0.02);
    mix.toArray(colours, i * 3);
  }
  shape.setAttribute("color", new THREE.BufferAttribute(colours, 3));
  return shape;
}

/** The same land by every second line of its grid, or by every line again. */
export function thinned(shape: THREE.BufferGeometry, cells: number, thin: boolean): void {
  const by = thin && cells % 2 === 0 ? 2 : 1, index: number[] = [], wide = cells + 1;
  for (let z = 0; z < cells; z += by) for (let x = 0; x < cells; x += by) {
    const a = z * wide + x, b = a + by * wide;
    index.push(a, b, a + by, b, b + by, a + by);
  }
  shape.setIndex(index);
}

export interface Stand { x: number; y: number; z: number; size: number; turn: number }

// Firs stand on slopes, in groves; meadows stay open beside water and places.
export function forest(ground: Ground, elements: Element[], seed: number, many: number): Stand[] {
  const near = new Set<string>(), cell = (x: number, z: number) => `${Math.round(x / 7)},${Math.round(z / 7)}`;
  const mark = (x: number, z: number, reach: number) => { for (let dx = -reach; dx <= reach; dx += 7) for (let dz = -reach; dz <= reach; dz += 7) near.add(cell(x + dx, z + dz)); };
  for (const e of elements) { mark(e.x, e.z, 14); mark(e.x + 5, e.z + 12, 7); mark(e.x + 9, e.z + 21, 7); } // and where one is looked at from
  for (const c of ground.courses.values()) for (const p of c.points) near.add(cell(p.x, p.z));
  const found: Stand[] = [], { size, wide, head, foot } = ground, across = Math.min(size - 20, 2 * wide + 130);
  for (let i = 0; found.length < many && i < many * 12; i++) {
    const x = (hash(i, 1, seed) - 0.5) * across, z = head - 60 + hash(i, 2, seed) * (foot - head + 170);
    const y = ground.land(x, z), grove = ridges(x, z, seed + 8), inside = Math.abs(x) < wide && z > head - 8;
    if (y > ground.high + 22 || grove < (inside ? 0.55 : 0.42) || near.has(cell(x, z))) continue;
    if (y < ground.mere.y + 0.9 && z > foot) continue;
    if (Math.abs(x) < 20 && z > foot + 4 && z < foot + 74) continue; // open where people come in
    found.push({ x, y, z, size: 0.62 + hash(i, 3, seed) * 0.95, turn: hash(i, 4, seed) * 6.28 });
  }
  return found;
}

// A stream from one thing to the next below it, in the order of lineage.
function course(from: Element, to: Element, land: Land, seed: number, coarse: boolean): THREE.Vector3[] {
  const points: THREE.Vector3[] = [], long = Math.hypot(to.x - from.x, to.z - from.z), many = Math.min(coarse ? 30 : 90, Math.max(coarse ? 10 : 24, Math.round(long / (coarse ? 4 : 1.4))));
  const bend = (hash(from.x, to.x, seed) - 0.5) * 14;
  let low = Infinity;
  for (let i = 0; i <= many; i++) {
    const t = i / many, s = t * t * (3 - 2 * t), open = Math.sin(t * Math.PI);
    const x = from.x + (to.x - from.x) * s + open * (bend * 0.5 + Math.sin(t * 9 + from.x) * 1.3);
    const z = from.z + (to.z - from.z) * t;
    low = coarse ? land(x, z) + 0.5 : Math.min(low, land(x, z)); // water never climbs; a coarse grid cannot show it
    points.push(new THREE.Vector3(x, low, z));
  }
  return points;
}

// All streams as one ribbon mesh; uv.y runs downstream.
export function rivers(courses: Iterable<Course>): THREE.BufferGeometry {
  const at: number[] = [], uv: number[] = [], index: number[] = [];
  for (const { points } of courses) {
    const first = at.length / 3;
    let along = 0;
    points.forEach((p, i) => {
      const a = points[Math.max(0, i - 1)]!, b = points[Math.min(points.length - 1, i + 1)]!;
      const side = new THREE.Vector3(b.z - a.z, 0, a.x - b.x).normalize(), w = 1.25 + 0.25 * Math.sin(i * 0.7);
      if (i) along += p.distanceTo(points[i - 1]!);
      for (const s of [-1, 1]) { at.push(p.x + side.x * w * s, p.y - 0.16, p.z + side.z * w * s); uv.push((s + 1) / 2, along / 4); }
      const k = first + i * 2;
      if (i) index.push(k - 2, k, k - 1, k - 1, k, k + 1);
    });
  }
  const shape = new THREE.BufferGeometry();
  shape.setAttribute("position", new THREE.Float32BufferAttribute(at, 3));
  shape.setAttribute("uv", new THREE.Float32BufferAttribute(uv, 2));
  shape.setAttribute("normal", new THREE.Float32BufferAttribute(new Float32Array(at.length).map((_, i) => (i % 3 === 1 ? 1 : 0)), 3));
  shape.setIndex(index);
  return shape;
}
