import { describe, expect, test } from "vitest";
import type { WhatIfAnswer, WhatIfInput } from "../state/consoleWire";
import { answerText, isRanged, nudged, sharesOf, slid } from "./useWhatIf";

const input = (more: Partial<WhatIfInput>): WhatIfInput => ({
  name: "x",
  type: "number",
  unit: null,
  private: false,
  ...more,
});
const answer = (more: Partial<WhatIfAnswer>): WhatIfAnswer => ({
  version: "v1",
  label: "yes",
  number: false,
  base: 0,
  inputs: {},
  ...more,
});

describe("one step of an input", () => {
  const range = input({ low: 0, high: 10, usual: 5 });
  test("is a tenth of its range", () => expect(nudged(range, 5, 1)).toBe(6));
  test("begins at what is usual", () => expect(nudged(range, undefined, -1)).toBe(4));
  test("stays within the range", () => expect(nudged(range, 10, 1)).toBe(10));
  test("is whole where the input is", () =>
    expect(nudged(input({ low: 0, high: 5, whole: true }), 1, 1)).toBe(2));
  test("goes round among choices", () => {
    const choice = input({ choices: ["a", "b", "c"] });
    expect([nudged(choice, "c", 1), nudged(choice, "a", -1)]).toEqual(["a", "c"]);
  });
});

test("a range has two different ends", () => {
  expect(isRanged(input({ low: 1, high: 2 }))).toBe(true);
  expect([isRanged(input({ low: 1, high: 1 })), isRanged(input({}))]).toEqual([false, false]);
});

test("a slider says hundredths, or whole numbers", () => {
  expect(slid(input({}), 1.23456)).toBe(1.23);
  expect(slid(input({ whole: true }), 7)).toBe(7);
});

test("an answer is a number, or a class with its probability", () => {
  expect(answerText(answer({ number: true, value: 3.14159 }))).toBe("3.1");
  expect(answerText(answer({ probability: 0.256 }))).toBe("yes, 25.6 %");
});

test("the inputs that count most come first", () => {
  const told = sharesOf(answer({ inputs: { a: 0.1, b: -0.4, c: 0.2 } }));
  expect(told.map(([name]) => name)).toEqual(["b", "c", "a"]);
});
