import { expect, test } from "vitest";
import { element } from "../testing";
import { runs } from "./runs";

test("a service that nobody asked lately is not known, and runs", () => {
  expect(
    runs(element("services.a", { kind: "lighthouse", state: "unknown", facts: { rate: 0 } })),
  ).toBe(true);
  expect(runs(element("services.a", { kind: "lighthouse", state: "unknown" }))).toBe(false);
  expect(runs(element("models.a", { kind: "tree", state: "unknown" }))).toBe(false);
});
