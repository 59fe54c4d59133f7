import { expect, test } from "vitest";
import { element } from "../testing";
import { HeightGrid } from "./heightGrid";
import { groundOf, standOn } from "./terrain";

const THINGS = [
  element("sources.s", { x: -10, z: 0, altitude: 12 }),
  element("datasets.l", { x: 10, z: 26, altitude: 8, needs: ["sources.s"] }),
  element("monitors.m", { x: 22, z: 26, altitude: 8, needs: ["datasets.l"] }),
];

test("the land is level where things stand, but for the beds of their streams", () => {
  const { land } = groundOf(THINGS, 7);
  const beside = THINGS[2];
  for (const { x, z, altitude } of THINGS)
    expect(Math.abs(land(x, z) - altitude)).toBeLessThan(0.6);
  for (const off of [-3, 3]) expect(land(beside.x + off, beside.z)).toBeCloseTo(beside.altitude, 3);
});

test("the same things on the same seed make the same land, another seed another", () => {
  expect(groundOf(THINGS, 7).heights).toEqual(groundOf(THINGS, 7).heights);
  expect(groundOf(THINGS, 8).heights).not.toEqual(groundOf(THINGS, 7).heights);
});

test("streams run between things that rest on each other, and never climb", () => {
  const { courses } = groundOf(THINGS, 7);
  expect([...courses.keys()]).toEqual(["sources.s>datasets.l"]);
  for (const { points } of courses.values())
    for (let i = 1; i < points.length; i++)
      expect(points[i].y).toBeLessThanOrEqual(points[i - 1].y);
});

test("nobody stands under water", () => {
  const ground = groundOf(THINGS, 7);
  const { x, y, z } = ground.mere;
  expect(standOn(ground, x, z)).toBeCloseTo(y + 0.3);
});

test("a world without things has land too", () => {
  expect(Number.isFinite(groundOf([], 1).land(0, 0))).toBe(true);
});

test("a height between points is between their heights, and beyond the edge that of the edge", () => {
  const grid = new HeightGrid(10, 5);
  grid.fill((x) => x);
  expect(grid.land(1.5, 0)).toBeCloseTo(1.5, 4);
  expect(grid.land(99, 0)).toBeCloseTo(5, 2);
});
