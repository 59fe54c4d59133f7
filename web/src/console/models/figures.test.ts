// The figure of the gate leads; a version refused last is shown with its gate.
import { expect, test } from "vitest";
import type { Gate, Version } from "../../state/consoleWire";
import { measured, refusedVersion } from "./figures";

const AUC: Gate = { metric: "auc", bound: ">= 0.7", value: 0.6, passed: false };
const version = (id: string, state: string) => ({ id, state }) as Version;

test("what a gate bounds comes first, the others in their order", () => {
  const figures = { accuracy: 0.9, macro_f1: 0.8, auc: 0.6 };
  expect(measured(figures)).toEqual(["accuracy", "macro_f1", "auc"]);
  expect(measured(figures, [AUC])).toEqual(["auc", "accuracy", "macro_f1"]);
  expect(measured({ accuracy: 0.9 }, [AUC])).toEqual(["accuracy"]);
});

test("only the newest version is shown as refused", () => {
  const [first, second] = [version("a", "champion"), version("b", "refused")];
  expect(refusedVersion([first, second])).toBe(second);
  expect(refusedVersion([second, first])).toBeUndefined();
  expect(refusedVersion([])).toBeUndefined();
});
