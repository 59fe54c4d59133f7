// The crowns and stems of trees, of height one.
import type * as THREE from "three";
import { ball, cone, rod, solid, type Bit, type V3 } from "../scene/shapes";
import type { Element } from "../state/wire";

export type Species = NonNullable<Element["species"]>;
interface Tree {
  crown: THREE.BufferGeometry;
  stem: THREE.BufferGeometry;
}

/** Around the middle: an angle, a radius and a height. */
const around = (angle: number, r: number, y: number): V3 => [
  Math.cos(angle) * r,
  y,
  Math.sin(angle) * r,
];

function birch(fine: number): Tree {
  const leaves = Array.from({ length: 7 }, (_, i): Bit => {
    const wide = 0.13 - i * 0.011;
    return {
      shape: ball(1, fine),
      colour: ["#ffffff", "#eef4d8", "#dfe9c0"][i % 3],
      at: around(i * 2.4, 0.07, 0.45 + i * 0.078),
      size: [wide, 0.14 - i * 0.008, wide],
    };
  });
  const bands = [0.12, 0.24, 0.37].map((y, i): Bit => {
    const band = rod(0.0245 - i * 0.002, 0.0255 - i * 0.002, 0.022, 7);
    return { shape: band, colour: "#3d3a36", at: [0, y, 0] };
  });
  return {
    crown: solid(leaves),
    stem: solid([
      { shape: rod(0.016, 0.026, 0.86, 7), colour: "#ece8df", at: [0, 0.43, 0] },
      ...bands,
    ]),
  };
}

function willow(fine: number): Tree {
  const strands = Array.from({ length: 14 }, (_, i): Bit => ({
    shape: cone(0.05, 0.52, 6),
    colour: i % 2 ? "#e5eec8" : "#ffffff",
    at: around(i * 0.449, 0.2 + (i % 3) * 0.05, 0.5),
    turn: [Math.PI, 0, 0],
  }));
  const top = ball(0.27, 1 + fine);
  return {
    crown: solid([
      ...strands,
      { shape: top, colour: "#f2f7dc", at: [0, 0.72, 0], size: [1.05, 0.6, 1.05] },
    ]),
    stem: solid([{ shape: rod(0.035, 0.06, 0.7, 8), colour: "#6f5238", at: [0, 0.35, 0] }]),
  };
}

function oak(fine: number): Tree {
  const lumps = Array.from({ length: 15 }, (_, i): Bit => {
    const up = i / 14;
    const r = i === 14 ? 0 : 0.23 * Math.sqrt(1 - (up - 0.25) ** 2 * 0.9);
    return {
      shape: ball(1, fine),
      colour: ["#ffffff", "#eef3d6", "#dbe8bd", "#f6f9e6"][i % 4],
      at: around(i * 2.399, r, 0.46 + up * 0.38),
      size: 0.17 - up * 0.045,
    };
  });
  const boughs = (fine ? [0, 2.1, 4.2] : []).map((a): Bit => ({
    shape: rod(0.012, 0.024, 0.26, 6),
    colour: "#6b4a32",
    at: around(a, 0.08, 0.44),
    turn: [Math.sin(a) * 0.7, 0, -Math.cos(a) * 0.7],
  }));
  const roots = (fine ? [0, 1.3, 2.6, 3.9, 5.2] : []).map((a): Bit => ({
    shape: rod(0.01, 0.03, 0.2, 5),
    colour: "#5e4029",
    at: around(a, 0.07, 0.02),
    turn: [Math.sin(a) * 1.1, 0, -Math.cos(a) * 1.1],
  }));
  return {
    crown: solid([...lumps, { shape: ball(0.24, fine), colour: "#dbe8bd", at: [0, 0.62, 0] }]),
    stem: solid([
      { shape: rod(0.028, 0.06, 0.6, 8), colour: "#6b4a32", at: [0, 0.3, 0] },
      ...boughs,
      ...roots,
    ]),
  };
}

/** `fine` is 1 while there are few things, else 0. */
export const SPECIES: Record<Species, (fine: number) => Tree> = { oak, birch, willow };
