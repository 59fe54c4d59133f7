// What grows and lies in the valley: three kinds of tree, a stone, a tuft and a flower.
import * as THREE from "three";
import { ball, blade, solid, stone, type Bit, type V3 } from "../scene/shapes";

const openCone = (r: number, tall: number, sides: number): THREE.BufferGeometry =>
  new THREE.ConeGeometry(r, tall, sides, 1, true);

const trunk = (top: number, low: number, tall: number, colour: string, y: number): Bit => ({
  shape: new THREE.CylinderGeometry(top, low, tall, 5, 1, true),
  colour,
  at: [0, y, 0],
});

const round = (): THREE.BufferGeometry =>
  solid([
    { shape: ball(1.5), colour: "#ffffff", at: [0, 3.1, 0], size: [1, 0.9, 1] },
    { shape: ball(1.05), colour: "#dfe9d2", at: [0.9, 2.5, 0.4] },
    { shape: ball(0.95), colour: "#d2dfc4", at: [-0.8, 2.6, -0.3] },
    trunk(0.16, 0.26, 2, "#a0714e", 0.9),
  ]);

const cypress = (): THREE.BufferGeometry =>
  solid([
    { shape: openCone(0.62, 5.2, 7), colour: "#ffffff", at: [0, 3.2, 0] },
    { shape: openCone(0.7, 1.2, 7), colour: "#dbe6cf", at: [0, 1.1, 0], turn: [Math.PI, 0, 0] },
    trunk(0.12, 0.18, 0.9, "#9a7350", 0.35),
  ]);

const fir = (): THREE.BufferGeometry =>
  solid([
    { shape: openCone(1.55, 2.7, 6), colour: "#c9d6c9", at: [0, 2.1, 0] },
    { shape: openCone(1.2, 2.3, 6), colour: "#e6efe2", at: [0, 3.5, 0], turn: [0, 1, 0] },
    { shape: openCone(0.78, 1.9, 6), colour: "#ffffff", at: [0, 4.8, 0], turn: [0, 2, 0] },
    trunk(0.17, 0.28, 1.4, "#b0714a", 0.5),
  ]);

const tuft = (): THREE.BufferGeometry =>
  solid(
    [0, 1.1, 2.2, 3.6].map((a, i) => ({
      shape: blade(0.05, 0.62 + (i % 2) * 0.2),
      colour: i % 2 ? "#ffffff" : "#dfe8c8",
      at: [Math.cos(a) * 0.16, 0.28, Math.sin(a) * 0.16],
      turn: [Math.sin(a) * 0.35, 0, -Math.cos(a) * 0.35],
    })),
  );

const flower = (): THREE.BufferGeometry =>
  solid(
    [0, 2.1, 4.2].flatMap((a): Bit[] => {
      const at = (y: number): V3 => [Math.cos(a) * 0.3, y, Math.sin(a) * 0.3];
      return [
        { shape: blade(0.03, 0.44), colour: "#7d9a4a", at: at(0.2) },
        { shape: new THREE.OctahedronGeometry(0.12), colour: "#ffffff", at: at(0.44) },
      ];
    }),
  );

export const plantShapes = () => ({
  round: round(),
  cypress: cypress(),
  fir: fir(),
  stone: stone(1),
  tuft: tuft(),
  flower: flower(),
});
