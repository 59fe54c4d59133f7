import { expect, test } from "vitest";
import { element } from "../testing";
import { runs, sentence } from "./sentences";
import { sayer } from "./words";

const zh = sayer("zh");

test("in English a thing says what the server says", () => {
  expect(sentence(element("models.risk", { says: "as it is" }), sayer("en"))).toBe("as it is");
});

test.each([
  [element("sources.a", { kind: "spring", facts: { type: "csv" } }), "csv"],
  [element("datasets.a", { facts: {} }), "尚未"],
  [
    element("services.a", {
      kind: "lighthouse",
      facts: { version: "v1", error_rate: 0.1 },
      traffic: 2,
    }),
    "2.00",
  ],
  [element("places.a", { kind: "counter", inhabitant: "Lin" }), "Lin"],
])("in Chinese it says the same facts in the page's words", (e, part) => {
  expect(sentence(e, zh)).toContain(part);
});

test("a service that nobody asked lately is not known, and runs", () => {
  expect(
    runs(element("services.a", { kind: "lighthouse", state: "unknown", facts: { rate: 0 } })),
  ).toBe(true);
  expect(runs(element("services.a", { kind: "lighthouse", state: "unknown" }))).toBe(false);
  expect(runs(element("models.a", { kind: "tree", state: "unknown" }))).toBe(false);
});
