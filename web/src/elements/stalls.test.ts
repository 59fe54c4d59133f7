import { expect, test } from "vitest";
import { element } from "../testing";
import { mood, stands, tint } from "./stalls";

const stall = (name: string, share: number | null) =>
  ({ name, count: 2, share, state: share === null ? "unknown" : "fine", says: "" }) as const;

test("a mood is green, yellow at a third and red from two thirds on; an unknown one is grey", () => {
  expect([mood(0), mood(1 / 3), mood(2 / 3), mood(1)]).toEqual([
    "#58b06c",
    "#ecc04e",
    "#d84f45",
    "#d84f45",
  ]);
  expect(mood(null)).toBe("#a3a9b1");
});

test("every stall of a place stands somewhere else", () => {
  for (const form of ["market", "shop", "desk"] as const) {
    const place = element("places.p", { form, stalls: ["a", "b", "c"].map((n) => stall(n, 0.5)) });
    expect(new Set(stands(place).map((s) => s.at.join())).size).toBe(3);
  }
});

test("a ware has the colour of its name, and a lamp is lit where something is known", () => {
  const shop = element("places.p", { form: "shop" });
  expect(tint(shop, stall("milk", 0.1))).toBe(tint(shop, stall("milk", 0.9)));
  const desk = element("places.p", { form: "desk" });
  expect(tint(desk, stall("a", null))).not.toBe(tint(desk, stall("a", 0.5)));
});
