// What a place shows of late answers: where each stall of it stands, how big it is and what colour it has. A share that is not known is grey.
import * as THREE from "three";
import type { Element, Stall } from "../state/wire";

export interface Stand {
  stall: Stall;
  at: [number, number, number];
  sign: [number, number, number];
  size: number;
}
const GOOD = new THREE.Color("#58b06c");
const SOSO = new THREE.Color("#ecc04e");
const BAD = new THREE.Color("#d84f45");
const GREY = "#a3a9b1";
const LIT = "#ffd27a";
const WARES = [
  "#c95f4a",
  "#3f7f9f",
  "#d9a441",
  "#5f9a58",
  "#8a63ad",
  "#c98a3f",
  "#4f8f8a",
  "#b0577f",
];

/** The colour of a mood: green where nothing is counted against it, yellow at a third, red from two thirds on. */
export function mood(share: number | null): string {
  if (share === null) return GREY;
  const at = Math.min(1, share * 1.5);
  const mixed = new THREE.Color();
  if (at < 0.5) mixed.lerpColors(GOOD, SOSO, at * 2);
  else mixed.lerpColors(SOSO, BAD, at * 2 - 1);
  return `#${mixed.getHexString()}`;
}

/** The colour of a ware, by its name; as in exports. */
function ware(name: string): string {
  const print = [...name].reduce((sum, c) => sum + (c.codePointAt(0) ?? 0), 0);
  return WARES[print % WARES.length];
}

/** The colour of a stall: a mood, a ware, or a lamp that is lit where something is known. */
export function tint(e: Element, stall: Stall): string {
  if (e.form === "market") return mood(stall.share);
  if (e.form === "shop") return ware(stall.name);
  return stall.state === "unknown" ? GREY : LIT;
}

type Standing = Omit<Stand, "stall">;

/** A district in a ring before the place. */
function district(i: number, many: number, share: number): Standing {
  const angle = Math.PI * (many > 1 ? 0.06 + (0.88 * i) / (many - 1) : 0.5);
  const size = 0.75 + 0.5 * Math.sqrt(share);
  const [x, z] = [-Math.cos(angle) * 8.2, 0.6 + Math.sin(angle) * 6.6];
  return { at: [x, 0, z], sign: [x, 3.5 * size, z], size };
}

/** A ware on one of two shelves. */
function onShelf(i: number, share: number): Standing {
  const x = -2.55 + (i % 4) * 1.7;
  const [y, z] = i < 4 ? [0.62, 3.75] : [1.42, 2.95];
  const size = 0.55 + 0.3 * Math.min(1, share);
  return { at: [x, y + size / 2, z], sign: [x, y - 0.2, z + 0.62], size };
}

/** A pillar, side by side with others. */
function pillar(i: number, many: number, share: number): Standing {
  const x = (i - (many - 1) / 2) * 1.75;
  const tall = 0.5 + 2.3 * share;
  return { at: [x, 0, 3.4], sign: [x, tall + 0.95, 3.4], size: tall };
}

/** Where the stalls of a place stand, from the place's own spot: districts in a ring before it, goods on two shelves, answers as pillars side by side. */
export function stands(e: Element): Stand[] {
  const many = e.stalls.length;
  const most = Math.max(1, ...e.stalls.map((s) => s.count));
  const standing = ({ count, share }: Stall, i: number): Standing => {
    if (e.form === "market") return district(i, many, count / most);
    if (e.form === "shop") return onShelf(i, share ?? 0.5);
    return pillar(i, many, share ?? 0.1);
  };
  return e.stalls.map((stall, i) => ({ stall, ...standing(stall, i) }));
}
