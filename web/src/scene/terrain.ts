// The land: one height function that water, trees and feet all read, and the mesh made of it.
import * as THREE from "three";
import type { Element } from "../state/wire";
import type { Palette } from "./palette";

export const SIZE = 300;
const CELLS = 170;

function hash(x: number, z: number, seed: number): number {
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

export type Land = (x: number, z: number) => number;

// Depth in the graph is altitude: the valley floor falls with z, its sides rise with |x|.
export function landOf(elements: Element[], seed: number): Land {
  const wide = Math.max(40, ...elements.map((e) => Math.abs(e.x) + 16));
  const floor = (z: number) => 20 - 5 * Math.min(4.6, Math.max(-0.6, (z + 52) / 26));
  const wild = (x: number, z: number) => {
    const side = Math.max(0, Math.abs(x) - wide) / 55;
    const head = Math.max(0, -z - 64) / 42;
    const r = ridges(x, z, seed);
    return floor(z) + (r - 0.45) * 5 + Math.min(1.5, side * side) * (26 + 34 * r) + Math.min(1.3, head * head) * (6 + 34 * r);
  };
  return (x, z) => {
    let height = wild(x, z);
    for (const e of elements) {
      const far = Math.hypot(x - e.x, z - e.z);
      if (far < 15) {
        const t = Math.min(1, Math.max(0, (15 - far) / 8));
        height += (e.altitude - height) * t * t * (3 - 2 * t);
      }
    }
    return height;
  };
}

export function landMesh(land: Land, palette: Palette, seed: number): THREE.BufferGeometry {
  const shape = new THREE.PlaneGeometry(SIZE, SIZE, CELLS, CELLS).rotateX(-Math.PI / 2);
  const at = shape.attributes.position as THREE.BufferAttribute;
  for (let i = 0; i < at.count; i++) at.setY(i, land(at.getX(i), at.getZ(i)));
  shape.computeVertexNormals();
  const up = shape.attributes.normal as THREE.BufferAttribute;
  const colours = new Float32Array(at.count * 3);
  const [grass, meadow, rock, snow] = [palette.grass, palette.meadow, palette.rock, palette.snow].map((c) => new THREE.Color(c));
  const mix = new THREE.Color();
  for (let i = 0; i < at.count; i++) {
    const x = at.getX(i), y = at.getY(i), z = at.getZ(i);
    mix.copy(grass!).lerp(meadow!, Math.min(1, ridges(x * 2, z * 2, seed + 5) * 1.3));
    mix.lerp(rock!, Math.min(1, Math.max(0, (0.86 - up.getY(i)) * 5 + (y - 34) / 22)));
    mix.lerp(snow!, Math.min(1, Math.max(0, (y - 46 + ridges(x, z, 9) * 10) / 9)));
    mix.offsetHSL(0, 0, (hash(x, z, 3) - 0.5) * 0.035);
    mix.toArray(colours, i * 3);
  }
  shape.setAttribute("color", new THREE.BufferAttribute(colours, 3));
  return shape;
}

export interface Stand { x: number; y: number; z: number; size: number; turn: number }

// Pines stand on slopes; meadows stay open beside water and places.
export function forest(land: Land, elements: Element[], courses: THREE.Vector3[][], seed: number, many = 900): Stand[] {
  const found: Stand[] = [];
  for (let i = 0; found.length < many && i < many * 14; i++) {
    const x = (hash(i, 1, seed) - 0.5) * (SIZE - 50), z = (hash(i, 2, seed) - 0.5) * (SIZE - 60);
    const y = land(x, z);
    if (y > 44 || ridges(x, z, seed + 8) < 0.44) continue;
    if (elements.some((e) => Math.hypot(e.x - x, e.z - z) < 13)) continue;
    if (courses.some((c) => c.some((p) => Math.hypot(p.x - x, p.z - z) < 4.5))) continue;
    if (Math.hypot(x, z - 74) < 16) continue;
    found.push({ x, y, z, size: 0.65 + hash(i, 3, seed) * 0.9, turn: hash(i, 4, seed) * 6.28 });
  }
  return found;
}

// A stream from one thing to the next below it, in the order of lineage.
export function course(from: Element, to: Element, land: Land, seed: number): THREE.Vector3[] {
  const points: THREE.Vector3[] = [];
  const bend = (hash(from.x, to.x, seed) - 0.5) * 12;
  for (let i = 0; i <= 40; i++) {
    const t = i / 40, s = t * t * (3 - 2 * t);
    const x = from.x + (to.x - from.x) * s + Math.sin(t * Math.PI) * bend * 0.5 + Math.sin(t * 9 + from.x) * Math.sin(t * Math.PI) * 1.1;
    const z = from.z + (to.z - from.z) * t;
    points.push(new THREE.Vector3(x, land(x, z) + 0.16, z));
  }
  return points;
}

export function ribbon(points: THREE.Vector3[], land: Land, wide: number): THREE.BufferGeometry {
  const at: number[] = [], uv: number[] = [], index: number[] = [];
  points.forEach((p, i) => {
    const a = points[Math.max(0, i - 1)]!, b = points[Math.min(points.length - 1, i + 1)]!;
    const side = new THREE.Vector3(b.z - a.z, 0, a.x - b.x).normalize();
    const w = wide * (0.75 + 0.25 * Math.sin(i * 0.7));
    for (const s of [-1, 1]) {
      const x = p.x + side.x * w * s, z = p.z + side.z * w * s;
      at.push(x, Math.max(land(x, z), p.y - 0.16) + 0.17, z);
      uv.push((s + 1) / 2, i / 5);
    }
    if (i) index.push(i * 2 - 2, i * 2, i * 2 - 1, i * 2 - 1, i * 2, i * 2 + 1);
  });
  const shape = new THREE.BufferGeometry();
  shape.setAttribute("position", new THREE.Float32BufferAttribute(at, 3));
  shape.setAttribute("uv", new THREE.Float32BufferAttribute(uv, 2));
  shape.setIndex(index);
  shape.computeVertexNormals();
  return shape;
}
