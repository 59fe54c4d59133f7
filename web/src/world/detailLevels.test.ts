import { expect, test } from "vitest";
import { FramePace, LEVELS } from "./detailLevels";

/** The level after so many frames of so many seconds. */
function levelAfter(pace: FramePace, frames: number, seconds: number, level: number): number {
  for (let i = 0; i < frames; i++) level = pace.after(seconds, level);
  return level;
}

test("fluent frames keep all detail", () => {
  expect(levelAfter(new FramePace(), 500, 0.016, 0)).toBe(0);
});

test("slow frames cost a level, very slow ones all of them", () => {
  expect(levelAfter(new FramePace(), 6, 0.1, 0)).toBe(1);
  expect(levelAfter(new FramePace(), 6, 0.5, 0)).toBe(LEVELS);
});

test("the first frames, which make shaders, say nothing", () => {
  const pace = new FramePace();
  expect(levelAfter(pace, 2, 3, 0)).toBe(0);
  expect(levelAfter(pace, 4, 0.016, 0)).toBe(0);
});

test("quick frames give a level back, each time after more of them", () => {
  const pace = new FramePace();
  expect(levelAfter(pace, 121, 0.01, LEVELS)).toBe(LEVELS - 1);
  expect(levelAfter(pace, 240, 0.01, LEVELS)).toBe(LEVELS);
  expect(levelAfter(pace, 1, 0.01, LEVELS)).toBe(LEVELS - 1);
});
