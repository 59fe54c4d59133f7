// Where a marker may stand beside a thing.
import type { Marker } from "../state/markers";
import type { Element } from "../state/wire";

const BESIDE = 6.5; // metres from the middle of a thing
const LAKE = 6; // metres more from the middle of a lake
const APART = 1.2; // metres between two markers
const ROUND = 11; // spots on a round
const TRIES = 400;

export interface MarkerSpot {
  x: number;
  z: number;
  turn: number;
}

const toCentimetres = (metres: number): number => Math.round(metres * 100) / 100;

/** A spot beside a thing, another one for each marker that stands there already. */
export function spotBeside(
  e: Pick<Element, "kind" | "x" | "z">,
  all: readonly Pick<Marker, "x" | "z">[],
): MarkerSpot {
  for (let i = 0; ; i++) {
    const turn = 0.9 + i * 0.55;
    const reach = BESIDE + (e.kind === "lake" ? LAKE : 0) + 1.6 * Math.floor(i / ROUND);
    const x = e.x + Math.sin(turn) * reach;
    const z = e.z + Math.cos(turn) * reach;
    if (i > TRIES || all.every((m) => Math.hypot(m.x - x, m.z - z) > APART))
      return { x: toCentimetres(x), z: toCentimetres(z), turn };
  }
}
