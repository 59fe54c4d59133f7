import { expect, test } from "vitest";
import { element } from "../testing";
import { layOut, related } from "./graphLayout";

const THINGS = [
  element("sources.a", { depth: 0, x: 5 }),
  element("sources.b", { depth: 0, x: -5 }),
  element("datasets.c", { depth: 1, needs: ["sources.a", "sources.b"] }),
  element("models.d", { depth: 2, needs: ["datasets.c"] }),
  element("sources.e", { depth: 0, x: 9 }),
];

test("a column is a depth, in the order of the valley, and each is in the middle", () => {
  const { at, wide, tall } = layOut(THINGS);
  expect(at.get("sources.b")).toEqual([20, 16]);
  expect(at.get("sources.a")).toEqual([20, 56]);
  expect(at.get("datasets.c")).toEqual([210, 56]);
  expect([wide, tall]).toEqual([550, 126]);
});

test("a depth without things leaves its column free", () => {
  expect(layOut([element("a", { depth: 2 })]).at.get("a")).toEqual([400, 16]);
});

test("what a thing rests on and what rests on it is related, and nothing beside it", () => {
  expect([...related(THINGS, "sources.a")].sort()).toEqual(["datasets.c", "models.d", "sources.a"]);
  expect([...related(THINGS, "models.d")]).toHaveLength(4);
  expect([...related(THINGS, null)]).toEqual([]);
});
