// A dataset is a lake: its level is rows, its clarity quality, the side pond the quarantined rows. Mills stand on the stream above it, one a step of
// governance, with what the step removed as silt beside it; mist lies on the bank where fields are private.
import * as THREE from "three";
import {
  ball,
  blade,
  box,
  cone,
  disc,
  hoop,
  matte,
  plain,
  solid,
  stone,
  type V3,
} from "../scene/shapes";
import type { Palette } from "../scene/palette";
import type { Ground } from "../scene/terrain";
import type { Element } from "../state/wire";
import type { Kind, Part, Place } from "./kind";

const MILLS = 4; // that a stream has room for; the card names them all
const MISTS = 8; // private fields over which mist lies
const ASIDE = 2.7; // metres of a mill from the middle of its stream

export const radius = (e: Element): number => 5 + 5 * (e.level ?? 0.2);

/** The radius of the side pond. */
function pondRadius(e: Element): number {
  const { quarantined = 0, kept } = e.facts as { quarantined?: number; kept?: number };
  return kept ? Math.min(2.0, Math.sqrt(quarantined / kept) * radius(e)) : 0;
}

interface Mill {
  at: V3;
  turn: number;
  removed: number;
}

/** Where the mills stand: along the middle of the stream, to its left and right. */
function mills(e: Element, ground: Ground): Mill[] {
  const stream = e.needs.map((need) => ground.courses.get(`${need}>${e.id}`)).find(Boolean);
  if (!stream) return [];
  const { points } = stream;
  const last = points.length - 1;
  return e.steps.slice(0, MILLS).map((step, i, all) => {
    const k = Math.round((0.34 + (0.34 * (i + 0.5)) / all.length) * last);
    const here = points[k];
    const next = points[Math.min(last, k + 1)];
    const turn = Math.atan2(next.x - here.x, next.z - here.z);
    const side = i % 2 ? ASIDE : -ASIDE;
    const x = here.x + Math.cos(turn) * side;
    const z = here.z - Math.sin(turn) * side;
    return {
      at: [x - e.x, ground.land(x, z) - e.altitude, z - e.z],
      turn: turn + (side > 0 ? Math.PI : 0),
      removed: step.removed,
    };
  });
}

const houseShape = (): THREE.BufferGeometry =>
  solid([
    { shape: box(1.7, 1.5, 2.1), colour: "#e9dcc3", at: [0, 0.75, 0] },
    { shape: box(1.74, 0.14, 2.14), colour: "#8a6a4a", at: [0, 0.5, 0] },
    { shape: box(0.4, 0.8, 0.06), colour: "#6b4a32", at: [0, 0.4, 1.06] },
    {
      shape: cone(1.72, 1.15, 4),
      colour: "#a8583f",
      at: [0, 2.05, 0],
      turn: [0, Math.PI / 4, 0],
      size: [1, 1, 1.15],
    },
    { shape: box(0.3, 0.34, 0.06), colour: "#ffe3a0", at: [0.45, 0.95, 1.06] },
  ]);

const wheelShape = (fine: boolean): THREE.BufferGeometry =>
  solid([
    {
      shape: new THREE.TorusGeometry(0.9, 0.09, fine ? 6 : 3, fine ? 20 : 10),
      colour: "#7a5638",
      turn: [0, Math.PI / 2, 0],
    },
    ...Array.from({ length: 8 }, (_, i) => ({
      shape: box(0.34, 0.1, 0.95),
      colour: "#8f6744",
      at: [0, Math.sin(i * 0.785) * 0.45, Math.cos(i * 0.785) * 0.45] as V3,
      turn: [-i * 0.785, 0, 0] as V3,
    })),
  ]);

const reedsShape = (fine: boolean): THREE.BufferGeometry =>
  solid(
    Array.from({ length: fine ? 9 : 4 }, (_, i) => ({
      shape: blade(0.07, 1.3 + (i % 3) * 0.35),
      colour: i % 2 ? "#7d9a4a" : "#9aa95a",
      at: [Math.cos(i * 2.4) * 0.5, 0.6, Math.sin(i * 2.4) * 0.42],
      turn: [0.12 * Math.sin(i), 0, 0.12 * Math.cos(i * 3)],
    })),
  );

function millParts(fine: boolean): Part[] {
  const silt = ({ at: [x, y, z], turn, removed }: Mill): Place => {
    const size = Math.min(1.5, 0.28 + 0.26 * Math.log10(1 + removed));
    return {
      at: [x - Math.sin(turn) * 2.1, y + 0.05, z - Math.cos(turn) * 2.1],
      size: [size * 1.25, size * 0.55, size * 1.25],
    };
  };
  const wheel = ({ at: [x, y, z], turn }: Mill): Place => ({
    at: [x + Math.cos(turn) * 1.15, y + 0.62, z - Math.sin(turn) * 1.15],
    turn,
  });
  return [
    {
      name: "mill",
      shape: houseShape(),
      paint: matte(),
      shadow: true,
      put: (e, ground) => mills(e, ground).map(({ at, turn }) => ({ at, turn })),
    },
    {
      name: "wheel",
      shape: wheelShape(fine),
      paint: matte(),
      spin: { axis: "x", speed: () => 0.7 },
      put: (e, ground) => mills(e, ground).map(wheel),
    },
    {
      name: "silt",
      shape: stone(1),
      paint: plain({ color: "#9a7d50", flatShading: true }),
      put: (e, ground) =>
        mills(e, ground)
          .filter((mill) => mill.removed > 0)
          .map(silt),
    },
  ];
}

/** Mist on the bank: two puffs for each private field. */
function mistPart(p: Palette, fine: boolean): Part {
  const puff = (e: Element, i: number, k: number): Place => {
    const angle = Math.PI * (0.95 + i * 0.32) + k * 0.12;
    const r = radius(e) + 0.6;
    return {
      at: [Math.cos(angle) * r, 0.75 + k * 0.35, Math.sin(angle) * r * 0.9],
      size: [2.0 - k * 0.5, 0.62, 1.4],
    };
  };
  return {
    name: "mist",
    shape: ball(1, fine ? 2 : 1),
    paint: new THREE.MeshBasicMaterial({
      color: p.night ? "#5b6f96" : "#f4f7fa",
      transparent: true,
      opacity: 0.2,
      depthWrite: false,
    }),
    put: (e) => e.private.slice(0, MISTS).flatMap((_, i) => [puff(e, i, 0), puff(e, i, 1)]),
  };
}

export const lake: Kind = ({ p, water, fine }) => {
  const clear = new THREE.Color("#ffffff");
  const turbid = new THREE.Color("#b39a5c");
  const flat = (e: Element): V3 => [radius(e), 1, radius(e)];
  const pond = (e: Element): Place[] => {
    const r = pondRadius(e);
    if (r <= 0.15) return [];
    return [{ at: [radius(e) + 1.5 + r * 0.8, 0.16, 1.6], size: [r, 1, r] }];
  };
  const reed = (e: Element, i: number): Place => {
    const turn = 0.5 + i * 0.9 + e.x;
    const r = radius(e) * 1.02;
    const at: V3 = [Math.cos(turn) * r, 0.05, Math.sin(turn) * r];
    return { at, turn, size: 0.8 + (i % 3) * 0.25 };
  };
  return [
    {
      name: "shore",
      body: "metres",
      shape: hoop(0.92, 1.16, 48),
      paint: plain({ color: p.sand, side: THREE.DoubleSide }),
      put: (e) => [{ at: [0, 0.1, 0], size: flat(e) }],
    },
    {
      name: "water",
      shape: disc(1, 56),
      paint: water.paint,
      put: (e) => {
        const colour = turbid.clone().lerp(clear, e.clarity ?? 0.4);
        return [{ at: [0, 0.2, 0], size: flat(e), colour }];
      },
    },
    {
      name: "pond",
      shape: disc(1, 28),
      paint: plain({ color: "#6d5a3c", roughness: 0.35 }),
      put: pond,
    },
    {
      name: "reeds",
      shape: reedsShape(fine),
      paint: matte(),
      put: (e) => Array.from({ length: fine ? 7 : 4 }, (_, i) => reed(e, i)),
    },
    ...millParts(fine),
    mistPart(p, fine),
  ];
};
