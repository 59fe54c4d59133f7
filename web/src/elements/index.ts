// Kinds of element on the page: one file and one line each, by the kind that the server names.
import type { Element } from "../state/wire";
import { counter } from "./counter";
import type { Kind } from "./kind";
import { lake } from "./lake";
import { lighthouse } from "./lighthouse";
import { spring } from "./spring";
import { tree } from "./tree";
import { vane } from "./vane";

export const KINDS: Record<Element["kind"], Kind> = {
  spring,
  lake,
  tree,
  lighthouse,
  vane,
  counter,
};
