import { describe, expect, test } from "vitest";
import { alike, moved } from "./alike";

test.each([
  ["", "", [0, 0]],
  ["abc", "abc", [3, 0]],
  ["abc", "abXc", [2, 1]],
  ["abXc", "abc", [2, 1]],
  ["aaa", "aa", [2, 0]],
  ["abc", "xyz", [0, 0]],
])("%j and %j share %j", (old, now, shared) => {
  expect(alike(old, now)).toEqual(shared);
});

describe("a place of the old text in the new one", () => {
  test("stays before the change", () => expect(moved("one two", "one 2 two", 2)).toBe(2));
  test("moves with what follows the change", () =>
    expect(moved("one two", "one 2 two", 7)).toBe(9));
  test("is the change where it lay in it", () =>
    expect(moved("one two six", "one six", 5)).toBe(4));
});
