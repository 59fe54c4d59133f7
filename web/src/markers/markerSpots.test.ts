import { expect, test } from "vitest";
import { spotBeside } from "./markerSpots";

const TREE = { kind: "tree", x: 10, z: -4 } as const;

test("markers beside a thing stand apart from each other", () => {
  const all: { x: number; z: number }[] = [];
  for (let i = 0; i < 40; i++) all.push(spotBeside(TREE, all));
  const gaps = all.flatMap((a, i) => all.slice(0, i).map((b) => Math.hypot(a.x - b.x, a.z - b.z)));
  expect(Math.min(...gaps)).toBeGreaterThan(1.1);
});

test("beside a lake they stand farther out", () => {
  const far = (kind: "tree" | "lake") => {
    const { x, z } = spotBeside({ ...TREE, kind }, []);
    return Math.hypot(x - TREE.x, z - TREE.z);
  };
  expect(far("lake") - far("tree")).toBeCloseTo(6, 1);
});
