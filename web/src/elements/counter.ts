// A place: a counter under an awning, by its form; its inhabitant stands behind it.
import * as THREE from "three";
import { ball, box, matte, rod, solid } from "../scene/shapes";
import type { Element } from "../state/wire";
import type { Kind } from "./kind";
import { stands, tint } from "./stalls";

type V3 = [number, number, number];
const AWNING: Record<NonNullable<Element["form"]>, string> = {
  counter: "#d9694f",
  desk: "#3f7f9f",
  market: "#d9a441",
  shop: "#7b5ea7",
  clinic: "#4f9f7a",
};

export const counter: Kind = ({ p, fine }) => {
  const stall = solid([
    { shape: box(6.6, 0.16, 5.2), colour: "#b79a72", at: [0, 0.08, -0.3] },
    { shape: box(4.4, 1.2, 1.2), colour: "#9b6b43", at: [0, 0.75, 0.4] },
    { shape: box(4.8, 0.14, 1.6), colour: "#d4ab77", at: [0, 1.42, 0.4] },
    ...[-3, 3].flatMap((x) =>
      [-2.4, 1.9].map((z) => ({
        shape: rod(0.12, 0.12, z > 0 ? 3.5 : 4.3, 8),
        colour: "#6b4a32",
        at: [x, z > 0 ? 1.75 : 2.15, z] as V3,
      })),
    ),
    { shape: box(1.1, 0.06, 0.8), colour: "#fbf6e9", at: [-1.1, 1.53, 0.4], turn: [0, 0.2, 0] },
    { shape: rod(0.16, 0.13, 0.34), colour: "#c94f4f", at: [1.4, 1.66, 0.35] },
    { shape: box(6.2, 2.6, 0.12), colour: "#c9a679", at: [0, 1.5, -2.45] },
    ...Array.from({ length: 7 }, (_, i) => ({
      shape: box(0.98, 0.13, 5.2),
      colour: i % 2 ? "#ffffff" : "#f4e9d8",
      at: [-2.94 + i * 0.98, 3.95, -0.25] as V3,
      turn: [0.17, 0, 0] as V3,
    })),
  ]);
  const stripes = solid(
    Array.from({ length: 4 }, (_, i) => ({
      shape: box(0.99, 0.14, 5.22),
      colour: "#ffffff",
      at: [-2.94 + i * 1.96, 3.96, -0.25] as V3,
      turn: [0.17, 0, 0] as V3,
    })),
  );
  const person = solid([
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
    ...[-0.12, 0.12].map((x) => ({
      shape: ball(0.045, 1),
      colour: "#1c1c1c",
      at: [x, 2.38, 0.31] as V3,
    })),
    ...[-0.5, 0.5].map((x) => ({
      shape: new THREE.CapsuleGeometry(0.12, 0.6, 2, 6),
      colour: "#38637f",
      at: [x, 1.35, 0.12] as V3,
      turn: [-0.4, 0, x * 0.4] as V3,
    })),
  ]);
  const booth = solid([
    { shape: rod(1.25, 1.3, 0.9, fine ? 12 : 7), colour: "#b98d5c", at: [0, 0.45, 0] },
    { shape: rod(1.4, 1.4, 0.1, fine ? 12 : 7), colour: "#dcb684", at: [0, 0.95, 0] },
    ...[0, 1, 2, 3].map((k) => ({
      shape: rod(0.07, 0.07, 2.3, 6),
      colour: "#6b4a32",
      at: [Math.cos(k * 1.571 + 0.785) * 1.1, 1.15, Math.sin(k * 1.571 + 0.785) * 1.1] as V3,
    })),
  ]);
  const rack = solid(
    [
      [3.75, 0.55],
      [2.95, 1.35],
    ].flatMap(([z, y]) => [
      { shape: box(7, 0.1, 0.9), colour: "#c99b66", at: [0, y, z] as V3 },
      { shape: box(7, 0.34, 0.06), colour: "#8a6140", at: [0, y - 0.14, z + 0.42] as V3 },
      ...[-3.4, 3.4].map((x) => ({
        shape: box(0.14, y, 0.8),
        colour: "#7c5638",
        at: [x, y / 2, z] as V3,
      })),
    ]),
  );
  const of = (e: Element, form: (f: Element["form"]) => boolean) => (form(e.form) ? stands(e) : []);
  const market = (f: Element["form"]) => f === "market",
    shop = (f: Element["form"]) => f === "shop",
    other = (f: Element["form"]) => f !== "market" && f !== "shop";
  return [
    {
      name: "booths",
      shape: booth,
      paint: matte(),
      shadow: true,
      put: (e) => of(e, market).map((s) => ({ at: s.at, size: s.size })),
    },
    {
      name: "roofs",
      shape: solid([
        {
          shape: new THREE.ConeGeometry(1.75, 1.1, fine ? 12 : 7),
          colour: "#ffffff",
          at: [0, 2.75, 0],
        },
      ]),
      paint: matte(),
      shadow: true,
      put: (e) => of(e, market).map((s) => ({ at: s.at, size: s.size, colour: tint(e, s.stall) })),
    },
    {
      name: "rack",
      shape: rack,
      paint: matte(),
      shadow: true,
      put: (e) => (e.form === "shop" && e.stalls.length ? [{ at: [0, 0, 0] }] : []),
    },
    {
      name: "wares",
      shape: solid([
        { shape: box(1, 1, 0.75), colour: "#ffffff" },
        { shape: box(1.02, 0.16, 0.77), colour: "#f4ead6", at: [0, 0.2, 0] },
      ]),
      paint: matte(),
      shadow: true,
      put: (e) => of(e, shop).map((s) => ({ at: s.at, size: s.size, colour: tint(e, s.stall) })),
    },
    {
      name: "pillars",
      shape: solid([
        { shape: rod(0.34, 0.42, 1, fine ? 12 : 7), colour: "#d8d0c2", at: [0, 0.5, 0] },
      ]),
      paint: matte(),
      shadow: true,
      put: (e) => of(e, other).map((s) => ({ at: s.at, size: [1, s.size, 1] })),
    },
    {
      name: "lamps",
      shape: ball(0.36, fine ? 2 : 1),
      paint: new THREE.MeshBasicMaterial({ toneMapped: false }),
      put: (e) =>
        of(e, other).map((s) => ({
          at: [s.at[0], s.size + 0.3, s.at[2]] as V3,
          colour: tint(e, s.stall),
          size: s.stall.state === "unknown" ? 1.35 : 1,
        })),
    },
    {
      name: "stall",
      body: "metres",
      shape: stall,
      paint: matte(),
      shadow: true,
      put: () => [{ at: [0, 0, 0] }],
    },
    {
      name: "stripes",
      body: "gone",
      shape: stripes,
      paint: matte({ emissive: p.night ? "#241a10" : "#000000" }),
      put: (e) => [{ at: [0, 0.02, 0], colour: AWNING[e.form ?? "counter"] }],
    },
    {
      name: "person",
      shape: person,
      paint: matte({ flatShading: false }),
      shadow: true,
      put: (e) => (e.inhabitant ? [{ at: [0, 0.15, -1.1] }] : []),
    },
  ];
};
