import { expect, test } from "vitest";
import { brokenInto, buttonAt, layOutBoard, middleOf } from "./boardPainting";

const measure = (text: string): number => text.length * 10;

test("words are broken between words, and Chinese between any two characters", () => {
  expect(brokenInto("one two three", 80, measure)).toEqual(["one two", "three"]);
  expect(brokenInto("生态系统没有应答", 40, measure)).toEqual(["生态系统", "没有应答"]);
});

test("no line of Chinese begins with a mark that closes, or ends with one that opens", () => {
  expect(brokenInto("生态系统没有应答。", 40, measure)).toEqual(["生态系统", "没有应", "答。"]);
  expect(brokenInto("版本上线（见审计）", 50, measure)).toEqual(["版本上线", "（见审计）"]);
});

test("a word that is too long is broken where it is full, and a line where it ends", () => {
  expect(brokenInto("abcdefgh", 30, measure)).toEqual(["abc", "def", "gh"]);
  expect(brokenInto("a\nb", 100, measure)).toEqual(["a", "b"]);
});

test("buttons stand in two columns, the last one alone in its row", () => {
  const acts = ["a", "b", "c"].map((name) => ({ name, act: () => undefined }));
  const layout = layOutBoard({ key: "k", title: "t", lines: ["one"], acts }, measure);
  const [a, b, c] = layout.spots;
  expect(a.y).toBe(b.y);
  expect(c.wide).toBeGreaterThan(2 * a.wide);
  for (const i of [0, 1, 2]) expect(buttonAt(layout, ...middleOf(layout, i))).toBe(i);
  expect(buttonAt(layout, 0.5, 0.99)).toBe(-1);
});

test("a board has eleven lines at most", () => {
  const lines = Array.from({ length: 30 }, (_, i) => String(i));
  const layout = layOutBoard({ key: "k", title: "t", lines, acts: [] }, measure);
  expect([layout.lines.length, layout.lines.at(-1)]).toEqual([11, "…"]);
});
