// Whether a thing runs.
import type { Element } from "../state/wire";

/** Whether a thing runs; a service that nobody asked lately is not known, and runs. */
export const runs = (e: Element): boolean =>
  e.kind === "lighthouse" ? "rate" in e.facts : e.state !== "unknown";
