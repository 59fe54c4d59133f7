// A model is a tree: its species is its family, its height the score, stones around it are versions. Beside it a sapling stands while another version
// grows or waits; one that a gate keeps out has a fence.
import * as THREE from "three";
import { ball, box, cone, matte, rod, solid, stone } from "../scene/shapes";
import type { Element } from "../state/wire";
import type { Kind, Part, Place } from "./kind";

type V3 = [number, number, number];
const tall = (e: Element): number => 6 + 10 * (e.height ?? 0.2);

// Crowns and stems of height one.
function shapes(
  species: string,
  fine: number,
): [crown: THREE.BufferGeometry, stem: THREE.BufferGeometry] {
  if (species === "birch")
    return [
      solid(
        Array.from({ length: 7 }, (_, i) => ({
          shape: ball(1, fine),
          colour: ["#ffffff", "#eef4d8", "#dfe9c0"][i % 3],
          at: [Math.cos(i * 2.4) * 0.07, 0.45 + i * 0.078, Math.sin(i * 2.4) * 0.07] as V3,
          size: [0.13 - i * 0.011, 0.14 - i * 0.008, 0.13 - i * 0.011] as V3,
        })),
      ),
      solid([
        { shape: rod(0.016, 0.026, 0.86, 7), colour: "#ece8df", at: [0, 0.43, 0] },
        ...[0.12, 0.24, 0.37].map((y, i) => ({
          shape: rod(0.0245 - i * 0.002, 0.0255 - i * 0.002, 0.022, 7),
          colour: "#3d3a36",
          at: [0, y, 0] as V3,
        })),
      ]),
    ];
  if (species === "willow")
    return [
      solid([
        ...Array.from({ length: 14 }, (_, i) => ({
          shape: cone(0.05, 0.52, 6),
          colour: i % 2 ? "#e5eec8" : "#ffffff",
          at: [
            Math.cos(i * 0.449) * (0.2 + (i % 3) * 0.05),
            0.5,
            Math.sin(i * 0.449) * (0.2 + (i % 3) * 0.05),
          ] as V3,
          turn: [Math.PI, 0, 0] as V3,
        })),
        {
          shape: ball(0.27, 1 + fine),
          colour: "#f2f7dc",
          at: [0, 0.72, 0],
          size: [1.05, 0.6, 1.05],
        },
      ]),
      solid([{ shape: rod(0.035, 0.06, 0.7, 8), colour: "#6f5238", at: [0, 0.35, 0] }]),
    ];
  const lumps = Array.from({ length: 15 }, (_, i) => {
    const a = i * 2.399,
      up = i / 14,
      r = 0.23 * Math.sqrt(1 - (up - 0.25) ** 2 * 0.9) * (i === 14 ? 0 : 1);
    return {
      shape: ball(1, fine),
      colour: ["#ffffff", "#eef3d6", "#dbe8bd", "#f6f9e6"][i % 4],
      at: [Math.cos(a) * r, 0.46 + up * 0.38, Math.sin(a) * r] as V3,
      size: 0.17 - up * 0.045,
    };
  });
  return [
    solid([...lumps, { shape: ball(0.24, fine), colour: "#dbe8bd", at: [0, 0.62, 0] }]),
    solid([
      { shape: rod(0.028, 0.06, 0.6, 8), colour: "#6b4a32", at: [0, 0.3, 0] },
      ...(fine ? [0, 2.1, 4.2] : []).map((a) => ({
        shape: rod(0.012, 0.024, 0.26, 6),
        colour: "#6b4a32",
        at: [Math.cos(a) * 0.08, 0.44, Math.sin(a) * 0.08] as V3,
        turn: [Math.sin(a) * 0.7, 0, -Math.cos(a) * 0.7] as V3,
      })),
      ...(fine ? [0, 1.3, 2.6, 3.9, 5.2] : []).map((a) => ({
        shape: rod(0.01, 0.03, 0.2, 5),
        colour: "#5e4029",
        at: [Math.cos(a) * 0.07, 0.02, Math.sin(a) * 0.07] as V3,
        turn: [Math.sin(a) * 1.1, 0, -Math.cos(a) * 1.1] as V3,
      })),
    ]),
  ];
}

export const tree: Kind = ({ p, fine }) => {
  const leaf = new THREE.Color(p.leaf),
    gray = new THREE.Color("#a8aeb4"),
    fresh = leaf.clone().offsetHSL(0.02, 0.05, 0.1);
  const kinds = (["oak", "birch", "willow"] as const).flatMap((species): Part[] => {
    const [crown, stem] = shapes(species, fine ? 1 : 0);
    const here = (e: Element): Place[] => {
      const found: Place[] =
        (e.species ?? "oak") === species && !(e.state === "unknown" && e.sapling)
          ? [
              {
                at: [0, 0, 0],
                size: tall(e),
                turn: e.x,
                colour: e.state === "unknown" ? gray : leaf,
              },
            ]
          : [];
      if (e.sapling && (e.species ?? "oak") === species)
        found.push({
          at: [5.2, 0, 3.4],
          size: 1.4 + 4.6 * e.sapling.height,
          turn: e.z,
          colour: e.sapling.state === "refused" ? gray : fresh,
        });
      return found;
    };
    return [
      {
        name: `${species}-crown`,
        body: "unit" as const,
        shape: crown,
        paint: matte({ roughness: 0.85 }),
        shadow: true,
        put: here,
      },
      {
        name: `${species}-stem`,
        body: "gone" as const,
        shape: stem,
        paint: matte(),
        put: (e) => here(e).map(({ colour: _, ...rest }) => rest),
      },
    ];
  });
  const fence = solid([
    ...Array.from({ length: 12 }, (_, i) => ({
      shape: box(0.16, 1.3, 0.16),
      colour: "#b88d5a",
      at: [Math.cos(i * 0.5236) * 1.9, 0.65, Math.sin(i * 0.5236) * 1.9] as V3,
    })),
    ...[0.5, 1.0].map((y) => ({
      shape: new THREE.TorusGeometry(1.9, 0.06, 5, 24),
      colour: "#a97c4b",
      at: [0, y, 0] as V3,
      turn: [Math.PI / 2, 0, 0] as V3,
    })),
  ]);
  return [
    ...kinds,
    {
      name: "rings",
      shape: fine ? stone(0.34) : new THREE.OctahedronGeometry(0.34),
      paint: matte({ color: "#e6d3a8" }),
      put: (e) =>
        Array.from(
          { length: Math.min(24, e.rings * 2) },
          (_, i) =>
            ({
              at: [
                Math.cos(i * 2.399) * (2.5 + i * 0.11),
                0.2,
                Math.sin(i * 2.399) * (2.5 + i * 0.11),
              ],
              turn: i,
              size: [1, 0.7, 1],
            }) as Place,
        ),
    },
    {
      name: "fence",
      shape: fence,
      paint: matte(),
      put: (e) => [
        ...(e.state === "watch" ? [{ at: [0, 0, 0], size: [1.7, 1.15, 1.7] } as Place] : []),
        ...(e.sapling?.state === "refused" ? [{ at: [5.2, 0, 3.4] } as Place] : []),
      ],
    },
  ];
};
