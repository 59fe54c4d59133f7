// Where trees stand: on slopes, in groves; meadows stay open beside water and places.
import type { Element } from "../state/wire";
import { hash, ridges } from "./noise";
import type { Ground } from "./terrain";

const CELL = 7; // metres

export interface Stand {
  x: number;
  y: number;
  z: number;
  size: number;
  turn: number;
}

const cellOf = (x: number, z: number): string =>
  `${String(Math.round(x / CELL))},${String(Math.round(z / CELL))}`;

/** The cells that stay open: around things, where one is looked at from, and along streams. */
function openCells(ground: Ground, elements: Element[]): Set<string> {
  const open = new Set<string>();
  const mark = (x: number, z: number, reach: number) => {
    for (let dx = -reach; dx <= reach; dx += CELL)
      for (let dz = -reach; dz <= reach; dz += CELL) open.add(cellOf(x + dx, z + dz));
  };
  for (const { x, z } of elements) {
    mark(x, z, 14);
    mark(x + 5, z + 12, 7);
    mark(x + 9, z + 21, 7);
  }
  for (const { points } of ground.courses.values())
    for (const { x, z } of points) open.add(cellOf(x, z));
  return open;
}

export function forest(ground: Ground, elements: Element[], seed: number, many: number): Stand[] {
  const open = openCells(ground, elements);
  const { size, wide, head, foot, high, mere, land } = ground;
  const across = Math.min(size - 20, 2 * wide + 130);
  const grows = (x: number, y: number, z: number): boolean => {
    const inside = Math.abs(x) < wide && z > head - 8;
    if (y > high + 22 || ridges(x, z, seed + 8) < (inside ? 0.55 : 0.42)) return false;
    if (y < mere.y + 0.9 && z > foot) return false;
    if (Math.abs(x) < 20 && z > foot + 4 && z < foot + 74) return false; // open where people come in
    return !open.has(cellOf(x, z));
  };
  const found: Stand[] = [];
  for (let i = 0; found.length < many && i < many * 12; i++) {
    const x = (hash(i, 1, seed) - 0.5) * across;
    const z = head - 60 + hash(i, 2, seed) * (foot - head + 170);
    const y = land(x, z);
    if (!grows(x, y, z)) continue;
    found.push({ x, y, z, size: 0.62 + hash(i, 3, seed) * 0.95, turn: hash(i, 4, seed) * 6.28 });
  }
  return found;
}
