// What markers look like: a flag, a lantern, a board; each in the colour of who put it down.
import * as THREE from "three";
import { ball, box, cone, rod, solid, type Bit, type V3 } from "../scene/shapes";

const WOOD = "#5b4230";
const STONE: Bit = { shape: rod(0.26, 0.34, 0.16, 8), colour: "#8d8778", at: [0, 0.08, 0] };

const flag = (): THREE.BufferGeometry =>
  solid([
    { shape: rod(0.05, 0.07, 3, 7), colour: WOOD, at: [0, 1.5, 0] },
    { shape: ball(0.09), colour: "#f4e3b0", at: [0, 3.03, 0] },
    {
      shape: cone(0.62, 1.25, 3),
      colour: "#ffffff",
      at: [0.62, 2.42, 0],
      turn: [0, 0, -Math.PI / 2],
      size: [1, 1, 0.09],
    },
    STONE,
  ]);

const lantern = (): THREE.BufferGeometry =>
  solid([
    { shape: rod(0.06, 0.08, 2, 7), colour: WOOD, at: [0, 1, 0] },
    { shape: rod(0.34, 0.24, 0.62, 6), colour: "#ffffff", at: [0, 2.32, 0] },
    { shape: cone(0.46, 0.36, 6), colour: "#4a4438", at: [0, 2.81, 0] },
    { shape: rod(0.28, 0.28, 0.06, 6), colour: "#4a4438", at: [0, 1.99, 0] },
    STONE,
  ]);

const board = (): THREE.BufferGeometry =>
  solid([
    ...[-0.85, 0.85].map((x) => ({
      shape: box(0.12, 2, 0.12),
      colour: WOOD,
      at: [x, 1, 0] as V3,
    })),
    { shape: box(2.1, 1.2, 0.1), colour: "#ffffff", at: [0, 1.35, 0] },
    { shape: box(2.3, 0.14, 0.34), colour: "#7c5638", at: [0, 2.02, 0] },
  ]);

/** By form: its shape, and how tall it is in metres. */
export const MARKER_FORMS: Record<string, { shape: () => THREE.BufferGeometry; tall: number }> = {
  flag: { shape: flag, tall: 3.2 },
  lantern: { shape: lantern, tall: 2.9 },
  board: { shape: board, tall: 2.4 },
};

/** The colour of a person, by the name. */
export function tintOf(who: string, to: THREE.Color): THREE.Color {
  const print = [...who].reduce((sum, c) => (sum * 31 + (c.codePointAt(0) ?? 0)) >>> 0, 7);
  return to.setHSL((print * 0.382) % 1, 0.58, 0.62);
}
