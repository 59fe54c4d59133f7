// A source is a spring in a cliff; one that was never read is dry.
import * as THREE from "three";
import { box, disc, matte, plain, rod, solid, stone } from "../scene/shapes";
import type { Kind } from "./kind";

export const spring: Kind = ({ p, water, fine }) => {
  const stoneOf = new THREE.Color(p.rock);
  const rocks: [number, number, number, number][] = [
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
  const cliff = solid([
    ...rocks.slice(0, fine ? undefined : 4).map(([x, y, z, s], i) => ({
      shape: stone(s),
      colour: `#${stoneOf
        .clone()
        .multiplyScalar([1, 0.92, 0.84][i % 3])
        .getHexString()}`,
      at: [x, y, z] as [number, number, number],
      turn: [i, i * 2, 0] as [number, number, number],
      size: [1, 1.12, 1] as [number, number, number],
    })),
    ...[
      [-2.2, 2.6, -1.0],
      [2.1, 2.5, -1.3],
      [0.1, 7.2, -5.3],
      [-1.3, 5.9, -4.2],
    ]
      .slice(0, fine ? undefined : 1)
      .map(([x, y, z], i) => ({
        shape: stone(1.15 + (i % 2) * 0.35),
        colour: p.grass,
        at: [x, y, z] as [number, number, number],
        size: [1.2, 0.42, 1.1] as [number, number, number],
      })),
    { shape: rod(0.09, 0.11, 1.7, 6), colour: "#6b4a32", at: [3.1, 0.85, 3.1] },
    { shape: box(1.5, 0.62, 0.1), colour: "#c79a66", at: [3.1, 1.55, 3.15], turn: [0, -0.25, 0] },
  ]);
  const fall = rod(0.62, 0.95, 4.4, 12).translate(0, 2.3, -0.15);
  return [
    {
      name: "cliff",
      body: "metres",
      shape: cliff,
      paint: matte(),
      shadow: true,
      put: () => [{ at: [0, 0, 0] }],
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
