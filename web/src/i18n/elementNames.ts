// What a thing of each kind is called: what it is in the valley, and what it stands for.
import type { Element } from "../state/wire";

export const ELEMENT_NAMES: Record<Element["kind"], string> = {
  spring: "spring, a source",
  lake: "lake, a dataset",
  tree: "tree, a model",
  lighthouse: "lighthouse, a service",
  vane: "weather vane, a monitor",
  counter: "place",
};
