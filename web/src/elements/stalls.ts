// What a place shows of late answers: where each stall of it stands, how big it is and what colour it has. A share that is not known is grey.
import * as THREE from "three";
import type { Element, Stall } from "../state/wire";

export interface Stand { stall: Stall; at: [number, number, number]; sign: [number, number, number]; size: number }
const GOOD = new THREE.Color("#58b06c"), SOSO = new THREE.Color("#ecc04e"), BAD = new THREE.Color("#d84f45"), mixed = new THREE.Color();
const GREY = "#a3a9b1", WARES = ["#c95f4a", "#3f7f9f", "#d9a441", "#5f9a58", "#8a63ad", "#c98a3f", "#4f8f8a", "#b0577f"];

/** The colour of a mood: green where nothing is counted against it, yellow at a third, red from two thirds on. */
export function mood(share: number | null): string {
  if (share === null) return GREY;
  const at = Math.min(1, share * 1.5);
  return `#${(at < 0.5 ? mixed.lerpColors(GOOD, SOSO, at * 2) : mixed.lerpColors(SOSO, BAD, at * 2 - 1)).getHexString()}`;
}

const ware = (name: string): string => WARES[[...name].reduce((sum, c) => sum + c.codePointAt(0)!, 0) % WARES.length]!; // as in exports
export const tint = (e: Element, s: Stall): string => (e.form === "market" ? mood(s.share) : e.form === "shop" ? ware(s.name) : s.state === "unknown" ? GREY : "#ffd27a");

/** Where the stalls of a place stand, from the place's own spot: districts in a ring before it, goods on two shelves, answers as pillars side by side. */
export function stands(e: Element): Stand[] {
  const many = e.stalls.length, most = Math.max(1, ...e.stalls.map((s) => s.count));
  return e.stalls.map((stall, i) => {
    if (e.form === "market") {
      const a = Math.PI * (many > 1 ? 0.06 + (0.88 * i) / (many - 1) : 0.5), size = 0.75 + 0.5 * Math.sqrt(stall.count / most), x = -Math.cos(a) * 8.2, z = 0.6 + Math.sin(a) * 6.6;
      return { stall, at: [x, 0, z], sign: [x, 3.5 * size, z], size };
    }
    if (e.form === "shop") {
      const low = i < 4, x = -2.55 + (i % 4) * 1.7, y = low ? 0.62 : 1.42, z = low ? 3.75 : 2.95, size = 0.55 + 0.3 * Math.min(1, stall.share ?? 0.5);
      return { stall, at: [x, y + size / 2, z], sign: [x, y - 0.2, z + 0.62], size };
    }
    const x = (i - (many - 1) / 2) * 1.75, tall = 0.5 + 2.3 * (stall.share ?? 0.1);
    return { stall, at: [x, 0, 3.4], sign: [x, tall + 0.95, 3.4], size: tall };
  });
}
