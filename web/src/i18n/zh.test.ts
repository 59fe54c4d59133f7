// The two languages say the same: every sentence that a page says has its Chinese, with the same values in it.
import { describe, expect, test } from "vitest";
import { sayer } from "./words";
import { ZH } from "./zh";
import { CONSOLE } from "./zh/console";
import { WORLD } from "./zh/world";

const SOURCES = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.ts", "!./zh/**"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const SAID = /\bt\(\s*("(?:[^"\\]|\\.)*")/g; // a sentence that is said as it stands

/** Which values a sentence takes: `{}` the next one, `{1}` the second. */
function valuesOf(sentence: string): number[] {
  let next = 0;
  const found = [...sentence.matchAll(/\{(\d?)\}/g)];
  return found.map(([, which]) => (which === "" ? next++ : Number(which))).sort((a, b) => a - b);
}

test("every sentence that a page says has its Chinese", () => {
  const said = Object.values(SOURCES).flatMap((source) =>
    [...source.matchAll(SAID)].map(([, text]) => JSON.parse(text) as string),
  );
  expect(said.length).toBeGreaterThan(200);
  expect([...new Set(said)].filter((text) => !(text in ZH))).toEqual([]);
});

test.each(Object.entries(ZH))("%j takes the same values in both languages", (english, chinese) => {
  expect(valuesOf(chinese)).toEqual(valuesOf(english));
});

test("no sentence stands in both parts of the catalogue", () => {
  expect(Object.keys(CONSOLE).filter((text) => text in WORLD)).toEqual([]);
});

describe("a sentence", () => {
  test("takes its values in order", () => {
    expect(sayer("en")("{} of {}", 3, "four")).toBe("3 of four");
  });
  test("takes them in another order where the language has another", () => {
    expect(sayer("zh")("{} of {}", 3, 4)).toBe("4 中的 3");
  });
  test("has no space between two characters of Chinese", () => {
    const t = sayer("zh");
    expect(t("{} of {}, from {}", "甲", "v1", "乙")).toBe("甲，训练自 v1，源于乙");
    expect(t("Say something to {}", "小林")).toBe("对小林说");
    expect(t("Say something to {}", "张 三")).toBe("对张 三说");
    expect(t("Say something to {}", "Lin")).toBe("对 Lin 说");
  });
  test("is said in English where there is no Chinese", () => {
    expect(sayer("zh")("nobody said {} yet", "this")).toBe("nobody said this yet");
  });
});
