// A source is a spring in a cliff; one that was never read is dry.
import * as THREE from "three";
import type { Palette } from "../scene/palette";
import { box, disc, matte, plain, rod, solid, stone, type Bit, type V3 } from "../scene/shapes";
import { HERE, type Kind } from "./kind";

const ROCKS: [x: number, y: number, z: number, size: number][] = [
  [-2.3, 1.0, -1.2, 2.3],
  [2.2, 0.9, -1.4, 2.2],
  [0, 2.2, -3.0, 3.3],
  [-1.4, 3.6, -4.2, 3.1],
  [2.0, 3.1, -4.6, 3.2],
  [0.2, 5.6, -5.4, 2.6],
  [-3.6, 0.5, 0.9, 1.1],
  [3.5, 0.4, 1.1, 1.0],
  [-2.6, 0.2, 2.9, 0.7],
  [2.7, 0.2, 2.7, 0.8],
];
const FEW_ROCKS = 4; // where there are many things
const MOSS: V3[] = [
  [-2.2, 2.6, -1.0],
  [2.1, 2.5, -1.3],
  [0.1, 7.2, -5.3],
  [-1.3, 5.9, -4.2],
];
const SHADES = [1, 0.92, 0.84];

function cliffShape(p: Palette, fine: boolean): THREE.BufferGeometry {
  const shades = SHADES.map((shade) => new THREE.Color(p.rock).multiplyScalar(shade));
  const rock = ([x, y, z, size]: (typeof ROCKS)[number], i: number): Bit => ({
    shape: stone(size),
    colour: `#${shades[i % shades.length].getHexString()}`,
    at: [x, y, z],
    turn: [i, i * 2, 0],
    size: [1, 1.12, 1],
  });
  const moss = (at: V3, i: number): Bit => ({
    shape: stone(1.15 + (i % 2) * 0.35),
    colour: p.grass,
    at,
    size: [1.2, 0.42, 1.1],
  });
  return solid([
    ...ROCKS.slice(0, fine ? ROCKS.length : FEW_ROCKS).map(rock),
    ...MOSS.slice(0, fine ? MOSS.length : 1).map(moss),
    { shape: rod(0.09, 0.11, 1.7, 6), colour: "#6b4a32", at: [3.1, 0.85, 3.1] },
    { shape: box(1.5, 0.62, 0.1), colour: "#c79a66", at: [3.1, 1.55, 3.15], turn: [0, -0.25, 0] },
  ]);
}

export const spring: Kind = ({ p, water, fine }) => {
  const fall = rod(0.62, 0.95, 4.4, 12).translate(0, 2.3, -0.15);
  return [
    {
      name: "cliff",
      body: "metres",
      shape: cliffShape(p, fine),
      paint: matte(),
      shadow: true,
      put: () => HERE,
    },
    {
      name: "fall",
      shape: fall,
      paint: water.stream,
      put: (e) =>
        e.level === null ? [] : [{ at: [0, 0, 0], size: [0.7 + 0.5 * e.level, 1, 0.5] }],
    },
    {
      name: "pool",
      shape: disc(2.2),
      paint: water.paint,
      put: (e) => (e.level === null ? [] : [{ at: [0, 0.12, 1.7] }]),
    },
    {
      name: "dry",
      shape: disc(2.2),
      paint: plain({ color: "#8d7f6a" }),
      put: (e) => (e.level === null ? [{ at: [0, 0.1, 1.7] }] : []),
    },
  ];
};
