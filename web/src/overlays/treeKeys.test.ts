import { expect, test } from "vitest";
import { shownItems, step } from "./treeKeys";

const GROUPS = [
  { kind: "lake", items: [{ id: "l1" }, { id: "l2" }] },
  { kind: "tree", items: [{ id: "t1" }] },
];

test("a folded group shows no items", () => {
  expect(shownItems(GROUPS, [])).toEqual(["lake", "l1", "l2", "tree", "t1"]);
  expect(shownItems(GROUPS, ["lake"])).toEqual(["lake", "tree", "t1"]);
});

test.each([
  ["ArrowDown", "l2", { to: "tree" }],
  ["ArrowDown", "t1", { to: "t1" }],
  ["ArrowUp", "lake", { to: "lake" }],
  ["Home", "t1", { to: "lake" }],
  ["End", "lake", { to: "t1" }],
  ["ArrowLeft", "l2", { to: "lake" }],
  ["ArrowLeft", "lake", { fold: { kind: "lake", how: "fold" } }],
  ["ArrowRight", "lake", { to: "l1" }],
  ["ArrowRight", "l1", {}],
  ["Enter", "tree", { fold: { kind: "tree", how: "toggle" } }],
  ["Enter", "t1", null],
  ["x", "lake", null],
  ["ArrowDown", "nothing", null],
])("%s at %s", (key, at, done) => {
  expect(step(key, at, GROUPS, [])).toEqual(done);
});

test("the right arrow opens a folded group first", () => {
  expect(step("ArrowRight", "lake", GROUPS, ["lake"])).toEqual({
    fold: { kind: "lake", how: "unfold" },
  });
});
