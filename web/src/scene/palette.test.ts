import { expect, test } from "vitest";
import { LANDSCAPES } from "./landscapes";
import { named, nextLook, paletteOf, PALETTES } from "./palette";

test.each([
  ["a quiet night", "night"],
  ["黄昏的海港", "dusk"],
  ["bright summer", "noon"],
  ["", "dawn"],
])("%j is %s", (style, look) => expect(named(style)).toBe(look));

test("words that name no light leave it to what is nearest", () => {
  expect(named("quarterly figures", "dusk")).toBe("dusk");
});

test("the lights follow each other, round and round", () => {
  const looks = Object.keys(PALETTES);
  expect(looks.map(nextLook)).toEqual([...looks.slice(1), looks[0]]);
});

test("a valley without a season has the colours of its light", () => {
  expect(paletteOf("noon", null)).toMatchObject({ ...PALETTES.noon, landscape: LANDSCAPES.valley });
});

test("a season colours leaves, and a landscape the land", () => {
  const autumn = paletteOf("noon", "autumn", LANDSCAPES.alpine);
  expect(autumn.leaf).not.toBe(PALETTES.noon.leaf);
  expect(autumn.rock).not.toBe(PALETTES.noon.rock);
  expect(autumn.sun).toBe(PALETTES.noon.sun);
});
