// The land: baked once into a grid that water, trees and feet all read.
import type { Element } from "../state/wire";
import { HeightGrid, type Land } from "./heightGrid";
import { ridges, smooth } from "./noise";
import { streamsOf, type Course } from "./streams";

const FINE = 1.5; // metres a cell
const MOST = 200; // cells across at most
const BED = 3.2; // metres from the middle of a stream to the end of its bed
const COARSE = 3; // metres a cell from which there is no room for a bed

export interface Mere {
  x: number;
  z: number;
  y: number;
  r: number;
}
export interface Ground {
  land: Land;
  size: number;
  cells: number;
  heights: Float32Array;
  courses: Map<string, Course>;
  wide: number;
  head: number;
  foot: number;
  high: number;
  mere: Mere;
}
type Valley = Pick<Ground, "wide" | "head" | "foot" | "mere"> & { floor: (z: number) => number };

/** Where one stands: on the land, or on the water where it is deeper. */
export const standOn = ({ land, mere }: Ground, x: number, z: number): number =>
  Math.max(land(x, z), mere.y + 0.3);

/** The rows of things from the head of the valley to its foot: where each is, and how high. */
function rowsOf(elements: Element[]): (readonly [z: number, y: number])[] {
  const rows = new Map<number, number[]>();
  for (const e of elements) rows.set(e.altitude, [...(rows.get(e.altitude) ?? []), e.z]);
  const middle = (zs: number[]) => zs.reduce((sum, z) => sum + z, 0) / zs.length;
  const found = [...rows].map(([y, zs]) => [middle(zs), y] as const);
  return found.length ? found.sort((a, b) => a[0] - b[0]) : [[0, 0]];
}

/** How high the floor is: it falls as the rows of things do, and a little more below the last. */
function floorOf(rows: (readonly [z: number, y: number])[]) {
  return (z: number): number => {
    const next = rows.findIndex(([at]) => z <= at);
    if (next === 0) return rows[0][1];
    if (next < 0) {
      const [at, y] = rows[rows.length - 1];
      return y - 3 * smooth((z - at) / 40);
    }
    const [a, ya] = rows[next - 1];
    const [b, yb] = rows[next];
    return ya + (yb - ya) * smooth((z - a) / Math.max(1e-6, b - a));
  };
}

/** The valley's floor falls with z; at its foot lies a mere. */
function valleyOf(elements: Element[], floor: (z: number) => number): Valley {
  const head = Math.min(0, ...elements.map((e) => e.z));
  const foot = Math.max(0, ...elements.map((e) => e.z));
  const wide = Math.max(40, ...elements.map((e) => Math.abs(e.x) + 18));
  const r = Math.min(120, wide * 0.75);
  const mere = { x: wide * 0.12, z: foot + 30 + 1.15 * r, y: floor(foot + 80) - 1.1, r };
  return { wide, head, foot, mere, floor };
}

/** How high the land is before anything stands on it: the sides and the head of the valley rise. */
function shapeOf({ wide, head, foot, mere, floor }: Valley, seed: number, rise: number): Land {
  return (x, z) => {
    const r = ridges(x, z, seed);
    const side = Math.max(0, Math.abs(x + Math.sin(z / 31 + seed) * 9) - wide) / 55;
    const back = Math.max(0, head - 16 - z) / 44;
    const far = Math.hypot((x - mere.x) * 0.8, z - mere.z) / mere.r + (r - 0.5) * 0.28;
    const open = smooth((z - foot - 20) / 60);
    const sides = Math.min(1.5, side * side) * (22 + 38 * r) * (1 - 0.72 * open);
    const behind = Math.min(1.25, back * back) * (5 + 40 * r * r + 10 * r);
    const y = floor(z) + (r - 0.45) * 4.2 + rise * (sides + behind);
    return y + (mere.y - 2.4 - y) * smooth((1.16 - far) / 0.3);
  };
}

/** Makes the land level where things stand. */
function level(grid: HeightGrid, elements: Element[]): void {
  const flat = Math.max(8, grid.step * 1.6);
  const edge = flat + Math.max(8, grid.step);
  for (const { x, z, altitude } of elements)
    grid.change(
      x,
      z,
      edge,
      (now, far) => now + (altitude - now) * smooth((edge - far) / (edge - flat)),
    );
}

/** Digs the beds of streams. */
function dig(grid: HeightGrid, courses: Map<string, Course>): void {
  if (grid.step >= COARSE) return;
  for (const { points } of courses.values())
    for (const { x, y, z } of points)
      grid.change(x, z, BED, (now, far) => {
        const bed = y - 0.55 * smooth((BED - far) / BED) + smooth((far - 1.6) / 1.6) * 2;
        return Math.min(now, bed);
      });
}

export function groundOf(elements: Element[], seed: number, rise = 1): Ground {
  const rows = rowsOf(elements);
  const valley = valleyOf(elements, floorOf(rows));
  const { wide, head, foot, mere } = valley;
  const size = 2 * Math.max(wide + 100, Math.max(-head, foot) + 130);
  const cells = Math.min(MOST, Math.round(size / FINE));
  const grid = new HeightGrid(size, cells);
  grid.fill(shapeOf(valley, seed, rise));
  level(grid, elements);
  const { land, heights } = grid;
  const courses = streamsOf(elements, land, seed);
  dig(grid, courses);
  return { land, size, cells, heights, courses, wide, head, foot, high: rows[0][1] + 6, mere };
}
