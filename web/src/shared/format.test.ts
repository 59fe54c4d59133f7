import { expect, test } from "vitest";
import { decimals, percent, short, shown, spaced, thousands } from "./format";

test("what is not known is a dash", () => {
  expect([decimals(null), thousands(undefined), percent(null)]).toEqual(["–", "–", "–"]);
});

test("figures have so many decimals", () => {
  expect([decimals(0.12345), decimals(2, 0), percent(0.256, 1)]).toEqual(["0.123", "2", "25.6"]);
});

test.each([
  [12, "12"],
  [1234.5, "1235"],
  [0.12345, "0.123"],
  [-250.4, "-250"],
])("%d is short as %s", (value, text) => expect(short(value)).toBe(text));

test.each([
  [null, "not known"],
  [3, "3"],
  [0.123456, "0.1235"],
  [[1, 2.5], "1 to 2.500"],
  [{ a: 1 }, ""],
  ["text", "text"],
  [true, "true"],
])("%j is shown as %j", (value, text) => expect(shown(value)).toBe(text));

test("a key is said as words", () => expect(spaced("error_rate_now")).toBe("error rate now"));
