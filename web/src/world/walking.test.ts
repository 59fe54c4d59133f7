import { Vector3 } from "three";
import { expect, test } from "vitest";
import { dragged, flyOn, keysAsk, moves, stepOn } from "./walking";

test("opposite keys cancel each other", () => {
  expect(moves(keysAsk(new Set(["w", "s", "shift"])))).toBe(false);
  expect(keysAsk(new Set(["arrowup"])).ahead).toBe(1);
});

test("a step goes where one looks", () => {
  const at = new Vector3();
  stepOn(at, { yaw: Math.PI / 2, pitch: 0 }, keysAsk(new Set(["w"])), 0.1);
  expect([at.x, at.z].map((v) => Math.round(v * 100) / 100)).toEqual([-1.6, -0]);
});

test("a flight comes nearer, turns the shorter way, and ends", () => {
  const at = new Vector3();
  const view = { yaw: 3, pitch: 0 };
  const aim = { at: new Vector3(0, 0, 10), look: new Vector3(1, 0, 20) };
  let ended = false;
  for (let i = 0; i < 200 && !ended; i++) ended = flyOn(at, view, aim, 0.1);
  expect(ended).toBe(true);
  expect(view.yaw).toBeGreaterThan(3);
});

test("one looks neither straight up nor straight down", () => {
  expect(dragged({ yaw: 0, pitch: 0 }, 0, 9999).pitch).toBe(0.9);
  expect(dragged({ yaw: 0, pitch: 0 }, 0, -9999).pitch).toBe(-1.2);
});
