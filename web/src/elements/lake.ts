// A dataset is a lake: its level is rows, its clarity quality, the side pond what was set apart. Mills stand on the stream above it, one a step of
// governance, with what the step removed as silt beside it; mist lies on the bank where fields are private.
import * as THREE from "three";
import { ball, blade, box, cone, disc, hoop, matte, plain, solid, stone } from "../scene/shapes";
import type { Ground } from "../scene/terrain";
import type { Element } from "../state/wire";
import type { Kind, Place } from "./kind";

const MILLS = 4; // that a stream has room for; the card names them all
export const radius = (e: Element): number => 5 + 5 * (e.level ?? 0.2);
const aside = (e: Element): number => {
  const f = e.facts as { quarantined?: number; kept?: number };
  return f.kept ? Math.min(2.0, Math.sqrt((f.quarantined ?? 0) / f.kept) * radius(e)) : 0;
};

function mills(
  e: Element,
  ground: Ground,
): { at: [number, number, number]; turn: number; removed: number }[] {
  const up = e.needs.map((n) => ground.courses.get(`${n}>${e.id}`)).find(Boolean);
  if (!up) return [];
  return e.steps.slice(0, MILLS).map((step, i, all) => {
    const k = Math.round((0.34 + (0.34 * (i + 0.5)) / all.length) * (up.points.length - 1)),
      p = up.points[k],
      q = up.points[Math.min(up.points.length - 1, k + 1)];
    const turn = Math.atan2(q.x - p.x, q.z - p.z),
      side = i % 2 ? 1 : -1,
      off = 2.7;
    const x = p.x + Math.cos(turn) * off * side,
      z = p.z - Math.sin(turn) * off * side;
    return {
      at: [x - e.x, ground.land(x, z) - e.altitude, z - e.z],
      turn: turn + (side > 0 ? Math.PI : 0),
      removed: step.removed,
    };
  });
}

export const lake: Kind = ({ p, water, fine }) => {
  const clear = new THREE.Color("#ffffff"),
    turbid = new THREE.Color("#b39a5c");
  const house = solid([
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
  const wheel = solid([
    {
      shape: new THREE.TorusGeometry(0.9, 0.09, fine ? 6 : 3, fine ? 20 : 10),
      colour: "#7a5638",
      turn: [0, Math.PI / 2, 0],
    },
    ...Array.from({ length: 8 }, (_, i) => ({
      shape: box(0.34, 0.1, 0.95),
      colour: "#8f6744",
      at: [0, Math.sin(i * 0.785) * 0.45, Math.cos(i * 0.785) * 0.45] as [number, number, number],
      turn: [-i * 0.785, 0, 0] as [number, number, number],
    })),
  ]);
  const shore = hoop(0.92, 1.16, 48),
    reeds = solid(
      Array.from({ length: fine ? 9 : 4 }, (_, i) => ({
        shape: blade(0.07, 1.3 + (i % 3) * 0.35),
        colour: i % 2 ? "#7d9a4a" : "#9aa95a",
        at: [Math.cos(i * 2.4) * 0.5, 0.6, Math.sin(i * 2.4) * 0.42] as [number, number, number],
        turn: [0.12 * Math.sin(i), 0, 0.12 * Math.cos(i * 3)] as [number, number, number],
      })),
    );
  return [
    {
      name: "shore",
      body: "metres",
      shape: shore,
      paint: plain({ color: p.sand, side: THREE.DoubleSide }),
      put: (e) => [{ at: [0, 0.1, 0], size: [radius(e), 1, radius(e)] }],
    },
    {
      name: "water",
      shape: disc(1, 56),
      paint: water.paint,
      put: (e) => {
        const found: Place[] = [
          {
            at: [0, 0.2, 0],
            size: [radius(e), 1, radius(e)],
            colour: turbid.clone().lerp(clear, e.clarity ?? 0.4),
          },
        ];
        return found;
      },
    },
    {
      name: "pond",
      shape: disc(1, 28),
      paint: plain({ color: "#6d5a3c", roughness: 0.35 }),
      put: (e) =>
        aside(e) > 0.15
          ? [{ at: [radius(e) + 1.5 + aside(e) * 0.8, 0.16, 1.6], size: [aside(e), 1, aside(e)] }]
          : [],
    },
    {
      name: "reeds",
      shape: reeds,
      paint: matte(),
      put: (e) =>
        Array.from({ length: fine ? 7 : 4 }, (_, i) => {
          const a = 0.5 + i * 0.9 + e.x,
            r = radius(e) * 1.02;
          return {
            at: [Math.cos(a) * r, 0.05, Math.sin(a) * r],
            turn: a,
            size: 0.8 + (i % 3) * 0.25,
          } as Place;
        }),
    },
    {
      name: "mill",
      shape: house,
      paint: matte(),
      shadow: true,
      put: (e, g) => mills(e, g).map(({ at, turn }) => ({ at, turn })),
    },
    {
      name: "wheel",
      shape: wheel,
      paint: matte(),
      spin: { axis: "x", speed: () => 0.7 },
      put: (e, g) =>
        mills(e, g).map(({ at, turn }) => ({
          at: [at[0] + Math.cos(turn) * 1.15, at[1] + 0.62, at[2] - Math.sin(turn) * 1.15],
          turn,
        })),
    },
    {
      name: "silt",
      shape: stone(1),
      paint: plain({ color: "#9a7d50", flatShading: true }),
      put: (e, g) =>
        mills(e, g)
          .filter((m) => m.removed > 0)
          .map((m) => {
            const s = Math.min(1.5, 0.28 + 0.26 * Math.log10(1 + m.removed));
            return {
              at: [
                m.at[0] - Math.sin(m.turn) * 2.1,
                m.at[1] + 0.05,
                m.at[2] - Math.cos(m.turn) * 2.1,
              ],
              size: [s * 1.25, s * 0.55, s * 1.25],
            };
          }),
    },
    {
      name: "mist",
      shape: ball(1, fine ? 2 : 1),
      paint: new THREE.MeshBasicMaterial({
        color: p.night ? "#5b6f96" : "#f4f7fa",
        transparent: true,
        opacity: 0.2,
        depthWrite: false,
      }),
      put: (e) =>
        e.private.slice(0, 8).flatMap((_, i) => {
          const a = Math.PI * (0.95 + i * 0.32),
            r = radius(e) + 0.6;
          return [0, 1].map(
            (k) =>
              ({
                at: [Math.cos(a + k * 0.12) * r, 0.75 + k * 0.35, Math.sin(a + k * 0.12) * r * 0.9],
                size: [2.0 - k * 0.5, 0.62, 1.4],
              }) as Place,
          );
        }),
    },
  ];
};
