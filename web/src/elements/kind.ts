// What a kind of element is made of: parts, each drawn in one call for all things of the kind.
import type * as THREE from "three";
import type { Palette } from "../scene/palette";
import type { Ground } from "../scene/terrain";
import type { Water } from "../scene/water";
import type { Element } from "../state/wire";

export interface Place {
  at: [number, number, number];
  turn?: number;
  size?: number | [number, number, number];
  colour?: THREE.ColorRepresentation;
}
export interface Part {
  body?: "metres" | "unit" | "gone"; // what a glTF file of the project stands in for: drawn in metres, or scaled to a height of one as the part is, or left out beside it
  name: string;
  shape: THREE.BufferGeometry;
  paint: THREE.Material;
  shadow?: boolean;
  put: (e: Element, ground: Ground) => Place[]; // where, from the thing's own place; a colour multiplies the part's
  spin?: { axis: "x" | "y"; speed: (e: Element) => number }; // radians a second, still where motion is reduced
}
export interface Look {
  p: Palette;
  water: Water;
  fine: boolean; // while there are few things; many are drawn with fewer triangles
}
/** Where a thing itself stands. */
export const HERE: Place[] = [{ at: [0, 0, 0] }];

export type Kind = (look: Look) => Part[];

export const STATE = {
  fine: "#ffe9a8",
  watch: "#ffb347",
  alarm: "#ff5a4d",
  unknown: "#9aa3ad",
} as const;
