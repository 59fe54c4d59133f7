// The mesh of the land, coloured by height, slope and water.
import * as THREE from "three";
import { hash, ridges, smooth } from "./noise";
import type { Palette } from "./palette";
import type { Ground } from "./terrain";

interface Place {
  x: number;
  y: number;
  z: number;
  steep: number;
}

/** The colour of a place. The answer is used anew by the next call. */
function colouring(ground: Ground, palette: Palette, seed: number) {
  const colour = (name: "grass" | "meadow" | "rock" | "snow" | "sand" | "pine") =>
    new THREE.Color(palette[name]);
  const [grass, meadow, rock] = [colour("grass"), colour("meadow"), colour("rock")];
  const [snow, sand, moss] = [colour("snow"), colour("sand"), colour("pine")];
  const { snowline = 0.42, shore = 1.1, rise = 1 } = palette.landscape ?? {};
  const { mere, foot, high, heights } = ground;
  const top = heights.reduce((a, b) => Math.max(a, b), -Infinity);
  const mix = new THREE.Color();
  return ({ x, y, z, steep }: Place): THREE.Color => {
    const r = ridges(x * 2, z * 2, seed + 5);
    const up = (y - high) / Math.max(1, top - high); // 0 at the highest thing, 1 at the highest peak
    mix.copy(grass).lerp(meadow, smooth(r * 1.5 - 0.2));
    mix.lerp(moss, smooth((ridges(x, z, seed + 8) - 0.5) * 5) * 0.45);
    mix.lerp(rock, smooth((steep - 0.12) * 4.4 + (up - 0.22) * 1.9 * Math.min(1, rise * 1.4)));
    mix.lerp(snow, smooth((up - snowline + (ridges(x, z, 9) - 0.5) * 0.34 - steep * 0.3) / 0.16));
    mix.lerp(sand, smooth((mere.y + shore - y) / 1.2) * smooth((z - foot - 8) / 20));
    return mix.offsetHSL(0, 0, (hash(x, z, 3) - 0.5) * 0.02);
  };
}

export function landMesh(ground: Ground, palette: Palette, seed: number): THREE.BufferGeometry {
  const { size, cells, heights } = ground;
  const shape = new THREE.PlaneGeometry(size, size, cells, cells).rotateX(-Math.PI / 2);
  const at = shape.attributes.position as THREE.BufferAttribute;
  for (let i = 0; i < at.count; i++) at.setY(i, heights[i]);
  shape.computeVertexNormals();
  const normal = shape.attributes.normal as THREE.BufferAttribute;
  const colours = new Float32Array(at.count * 3);
  const colourAt = colouring(ground, palette, seed);
  for (let i = 0; i < at.count; i++) {
    const steep = 1 - normal.getY(i);
    colourAt({ x: at.getX(i), y: at.getY(i), z: at.getZ(i), steep }).toArray(colours, i * 3);
  }
  shape.setAttribute("color", new THREE.BufferAttribute(colours, 3));
  return shape;
}

/** The same land by every second line of its grid, or by every line again. */
export function thinned(shape: THREE.BufferGeometry, cells: number, thin: boolean): void {
  const by = thin && cells % 2 === 0 ? 2 : 1;
  const wide = cells + 1;
  const index: number[] = [];
  for (let z = 0; z < cells; z += by)
    for (let x = 0; x < cells; x += by) {
      const a = z * wide + x;
      const b = a + by * wide;
      index.push(a, b, a + by, b, b + by, a + by);
    }
  shape.setIndex(index);
}
