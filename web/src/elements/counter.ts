// A place: a counter under an awning, by its form; its inhabitant stands behind it.
import * as THREE from "three";
import { ball, box, matte, rod, solid, type Bit, type V3 } from "../scene/shapes";
import type { Element } from "../state/wire";
import { HERE, type Kind, type Part } from "./kind";
import { stands, tint } from "./stalls";

const AWNING: Record<NonNullable<Element["form"]>, string> = {
  counter: "#d9694f",
  desk: "#3f7f9f",
  market: "#d9a441",
  shop: "#7b5ea7",
  clinic: "#4f9f7a",
};
const WOOD = "#6b4a32";

const posts: Bit[] = [-3, 3].flatMap((x) =>
  [-2.4, 1.9].map((z) => ({
    shape: rod(0.12, 0.12, z > 0 ? 3.5 : 4.3, 8),
    colour: WOOD,
    at: [x, z > 0 ? 1.75 : 2.15, z],
  })),
);

/** Planks of the awning, side by side. */
const planks = (many: number, apart: number, size: V3, y: number, colours: string[]): Bit[] =>
  Array.from({ length: many }, (_, i) => ({
    shape: box(...size),
    colour: colours[i % colours.length],
    at: [-2.94 + i * apart, y, -0.25],
    turn: [0.17, 0, 0],
  }));

const stallShape = (): THREE.BufferGeometry =>
  solid([
    { shape: box(6.6, 0.16, 5.2), colour: "#b79a72", at: [0, 0.08, -0.3] },
    { shape: box(4.4, 1.2, 1.2), colour: "#9b6b43", at: [0, 0.75, 0.4] },
    { shape: box(4.8, 0.14, 1.6), colour: "#d4ab77", at: [0, 1.42, 0.4] },
    ...posts,
    { shape: box(1.1, 0.06, 0.8), colour: "#fbf6e9", at: [-1.1, 1.53, 0.4], turn: [0, 0.2, 0] },
    { shape: rod(0.16, 0.13, 0.34), colour: "#c94f4f", at: [1.4, 1.66, 0.35] },
    { shape: box(6.2, 2.6, 0.12), colour: "#c9a679", at: [0, 1.5, -2.45] },
    ...planks(7, 0.98, [0.98, 0.13, 5.2], 3.95, ["#f4e9d8", "#ffffff"]),
  ]);

const stripesShape = (): THREE.BufferGeometry =>
  solid(planks(4, 1.96, [0.99, 0.14, 5.22], 3.96, ["#ffffff"]));

const personShape = (fine: boolean): THREE.BufferGeometry =>
  solid([
    {
      shape: new THREE.CapsuleGeometry(0.4, 0.9, fine ? 4 : 2, fine ? 14 : 7),
      colour: "#3f6f8f",
      at: [0, 1.2, 0],
    },
    { shape: ball(0.34, fine ? 3 : 1), colour: "#f0c9a4", at: [0, 2.35, 0] },
    {
      shape: new THREE.SphereGeometry(0.37, fine ? 20 : 8, fine ? 12 : 4, 0, 6.3, 0, 1.65),
      colour: "#2b2320",
      at: [0, 2.43, -0.05],
    },
    ...[-0.12, 0.12].map((x): Bit => {
      return { shape: ball(0.045, 1), colour: "#1c1c1c", at: [x, 2.38, 0.31] };
    }),
    ...[-0.5, 0.5].map((x): Bit => {
      const arm = new THREE.CapsuleGeometry(0.12, 0.6, 2, 6);
      return { shape: arm, colour: "#38637f", at: [x, 1.35, 0.12], turn: [-0.4, 0, x * 0.4] };
    }),
  ]);

const boothShape = (sides: number): THREE.BufferGeometry =>
  solid([
    { shape: rod(1.25, 1.3, 0.9, sides), colour: "#b98d5c", at: [0, 0.45, 0] },
    { shape: rod(1.4, 1.4, 0.1, sides), colour: "#dcb684", at: [0, 0.95, 0] },
    ...[0, 1, 2, 3].map((k): Bit => {
      const angle = k * 1.571 + 0.785;
      const at: V3 = [Math.cos(angle) * 1.1, 1.15, Math.sin(angle) * 1.1];
      return { shape: rod(0.07, 0.07, 2.3, 6), colour: WOOD, at };
    }),
  ]);

const shelf = (z: number, y: number): Bit[] => [
  { shape: box(7, 0.1, 0.9), colour: "#c99b66", at: [0, y, z] },
  { shape: box(7, 0.34, 0.06), colour: "#8a6140", at: [0, y - 0.14, z + 0.42] },
  ...[-3.4, 3.4].map((x): Bit => {
    return { shape: box(0.14, y, 0.8), colour: "#7c5638", at: [x, y / 2, z] };
  }),
];

/** The districts of a market. */
function marketParts(sides: number): Part[] {
  const districts = (e: Element) => (e.form === "market" ? stands(e) : []);
  const roof = new THREE.ConeGeometry(1.75, 1.1, sides);
  return [
    {
      name: "booths",
      shape: boothShape(sides),
      paint: matte(),
      shadow: true,
      put: (e) => districts(e).map(({ at, size }) => ({ at, size })),
    },
    {
      name: "roofs",
      shape: solid([{ shape: roof, colour: "#ffffff", at: [0, 2.75, 0] }]),
      paint: matte(),
      shadow: true,
      put: (e) => districts(e).map(({ at, size, stall }) => ({ at, size, colour: tint(e, stall) })),
    },
  ];
}

/** The shelves of a shop, and what lies on them. */
function shopParts(): Part[] {
  const goods = (e: Element) => (e.form === "shop" ? stands(e) : []);
  return [
    {
      name: "rack",
      shape: solid([...shelf(3.75, 0.55), ...shelf(2.95, 1.35)]),
      paint: matte(),
      shadow: true,
      put: (e) => (goods(e).length ? HERE : []),
    },
    {
      name: "wares",
      shape: solid([
        { shape: box(1, 1, 0.75), colour: "#ffffff" },
        { shape: box(1.02, 0.16, 0.77), colour: "#f4ead6", at: [0, 0.2, 0] },
      ]),
      paint: matte(),
      shadow: true,
      put: (e) => goods(e).map(({ at, size, stall }) => ({ at, size, colour: tint(e, stall) })),
    },
  ];
}

/** The answers of any other place: a lamp on a pillar each. */
function answerParts(sides: number, fine: boolean): Part[] {
  const answers = (e: Element) => (e.form === "market" || e.form === "shop" ? [] : stands(e));
  return [
    {
      name: "pillars",
      shape: solid([{ shape: rod(0.34, 0.42, 1, sides), colour: "#d8d0c2", at: [0, 0.5, 0] }]),
      paint: matte(),
      shadow: true,
      put: (e) => answers(e).map(({ at, size }) => ({ at, size: [1, size, 1] })),
    },
    {
      name: "lamps",
      shape: ball(0.36, fine ? 2 : 1),
      paint: new THREE.MeshBasicMaterial({ toneMapped: false }),
      put: (e) =>
        answers(e).map(({ at, size, stall }) => ({
          at: [at[0], size + 0.3, at[2]],
          colour: tint(e, stall),
          size: stall.state === "unknown" ? 1.35 : 1,
        })),
    },
  ];
}

export const counter: Kind = ({ p, fine }) => {
  const sides = fine ? 12 : 7;
  return [
    ...marketParts(sides),
    ...shopParts(),
    ...answerParts(sides, fine),
    {
      name: "stall",
      body: "metres",
      shape: stallShape(),
      paint: matte(),
      shadow: true,
      put: () => HERE,
    },
    {
      name: "stripes",
      body: "gone",
      shape: stripesShape(),
      paint: matte({ emissive: p.night ? "#241a10" : "#000000" }),
      put: (e) => [{ at: [0, 0.02, 0], colour: AWNING[e.form ?? "counter"] }],
    },
    {
      name: "person",
      shape: personShape(fine),
      paint: matte({ flatShading: false }),
      shadow: true,
      put: (e) => (e.inhabitant ? [{ at: [0, 0.15, -1.1] }] : []),
    },
  ];
};
