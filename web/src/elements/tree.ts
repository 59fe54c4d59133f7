// A model is a tree: its species is its family, its height the score, stones around it are versions. Beside it a sapling stands while another version
// grows or waits; one that a gate keeps out has a fence.
import * as THREE from "three";
import { box, matte, solid, stone, type V3 } from "../scene/shapes";
import type { Element } from "../state/wire";
import type { Kind, Part, Place } from "./kind";
import { SPECIES, type Species } from "./species";

const BESIDE: V3 = [5.2, 0, 3.4]; // where a sapling stands
const RINGS = 24; // stones at most

const tall = (e: Element): number => 6 + 10 * (e.height ?? 0.2);
const speciesOf = (e: Element): Species => e.species ?? "oak";

type Colours = Record<"leaf" | "gray" | "fresh", THREE.Color>;

/** Where a tree stands, and its sapling. A model of which nothing but a sapling is known has no tree. */
function treesOf(e: Element, { leaf, gray, fresh }: Colours): Place[] {
  const unknown = e.state === "unknown";
  const found: Place[] = [];
  if (!unknown || !e.sapling)
    found.push({ at: [0, 0, 0], size: tall(e), turn: e.x, colour: unknown ? gray : leaf });
  if (e.sapling)
    found.push({
      at: BESIDE,
      size: 1.4 + 4.6 * e.sapling.height,
      turn: e.z,
      colour: e.sapling.state === "refused" ? gray : fresh,
    });
  return found;
}

function speciesParts(species: Species, fine: boolean, colours: Colours): Part[] {
  const { crown, stem } = SPECIES[species](fine ? 1 : 0);
  const put = (e: Element) => (speciesOf(e) === species ? treesOf(e, colours) : []);
  return [
    {
      name: `${species}-crown`,
      body: "unit",
      shape: crown,
      paint: matte({ roughness: 0.85 }),
      shadow: true,
      put,
    },
    {
      name: `${species}-stem`,
      body: "gone",
      shape: stem,
      paint: matte(),
      put: (e) => put(e).map(({ colour: _, ...rest }) => rest),
    },
  ];
}

const fenceShape = (): THREE.BufferGeometry =>
  solid([
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

/** A stone of the spiral around a tree. */
function ring(i: number): Place {
  const r = 2.5 + i * 0.11;
  const at: V3 = [Math.cos(i * 2.399) * r, 0.2, Math.sin(i * 2.399) * r];
  return { at, turn: i, size: [1, 0.7, 1] };
}

/** Fences: around a tree that is watched, and around a sapling that was refused. */
function fences(e: Element): Place[] {
  const found: Place[] = [];
  if (e.state === "watch") found.push({ at: [0, 0, 0], size: [1.7, 1.15, 1.7] });
  if (e.sapling?.state === "refused") found.push({ at: BESIDE });
  return found;
}

export const tree: Kind = ({ p, fine }) => {
  const leaf = new THREE.Color(p.leaf);
  const colours: Colours = {
    leaf,
    gray: new THREE.Color("#a8aeb4"),
    fresh: leaf.clone().offsetHSL(0.02, 0.05, 0.1),
  };
  return [
    ...(Object.keys(SPECIES) as Species[]).flatMap((one) => speciesParts(one, fine, colours)),
    {
      name: "rings",
      shape: fine ? stone(0.34) : new THREE.OctahedronGeometry(0.34),
      paint: matte({ color: "#e6d3a8" }),
      put: (e) => Array.from({ length: Math.min(RINGS, e.rings * 2) }, (_, i) => ring(i)),
    },
    { name: "fence", shape: fenceShape(), paint: matte(), put: fences },
  ];
};
