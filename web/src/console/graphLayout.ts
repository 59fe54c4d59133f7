// Where each thing stands in the drawing of lineage, and what is related to one.
import type { Element } from "../state/wire";

export const WIDE = 142; // of a thing, in the drawing's units
const COLUMN = 190;
const ROW = 40;
const LEFT = 20;
const TOP = 16;

type Thing = Pick<Element, "id" | "depth" | "x" | "needs">;

export interface Layout {
  at: Map<string, [x: number, y: number]>;
  wide: number;
  tall: number;
}

/** A column for each depth, in the order of the valley from left to right, each in the middle. */
export function layOut(elements: readonly Thing[]): Layout {
  const columns: Thing[][] = [];
  for (const e of elements) (columns[e.depth] ??= []).push(e);
  const filled = [...columns.keys()].map((i) => (columns[i] ?? []).sort((a, b) => a.x - b.x));
  const rows = Math.max(1, ...filled.map((column) => column.length));
  const at = new Map<string, [number, number]>();
  filled.forEach((column, i) =>
    column.forEach((e, j) =>
      at.set(e.id, [LEFT + i * COLUMN, TOP + (j + (rows - column.length) / 2) * ROW]),
    ),
  );
  return { at, wide: filled.length * COLUMN - LEFT, tall: rows * ROW + 6 };
}

/** A thing, all that it rests on and all that rests on it; nothing where no thing is named. */
export function related(elements: readonly Thing[], id: string | null): Set<string> {
  const found = new Set<string>();
  if (id === null) return found;
  const walk = (from: string, next: (id: string) => string[]) => {
    const seen = new Set<string>();
    const waiting = [from];
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      if (seen.has(one)) continue;
      seen.add(one);
      found.add(one);
      waiting.push(...next(one));
    }
  };
  const needs = new Map(elements.map((e) => [e.id, e.needs]));
  walk(id, (one) => needs.get(one) ?? []);
  walk(id, (one) => elements.filter((e) => e.needs.includes(one)).map((e) => e.id));
  return found;
}
