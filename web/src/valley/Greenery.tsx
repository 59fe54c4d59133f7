// What only makes the valley pleasant, and says nothing: firs, stones, tufts and flowers.
import { useLayoutEffect, useMemo, useRef } from "react";
import * as THREE from "three";
import type { Palette } from "../scene/palette";
import { matte } from "../scene/shapes";
import { forest, type Stand } from "../scene/forest";
import { hash, ridges } from "../scene/noise";
import type { Ground } from "../scene/terrain";
import type { Element } from "../state/wire";
import { setCount, uprightMatrix } from "./instances";
import { plantShapes } from "./plantShapes";

const OPEN = 4; // metres around where a visitor in a headset begins; nothing stands there

/** Something that is strewn over the land. */
interface Sort {
  many: number;
  salt: number;
  grows: (x: number, z: number) => boolean;
  size: (i: number) => number;
}

/** Where the stands of a sort are: on dry land, where it grows. */
function strew({ land, wide, head, foot, mere }: Ground, seed: number, sort: Sort): Stand[] {
  const { many, salt, grows, size } = sort;
  const dry = (y: number, z: number) => y > mere.y + 0.35 || z < foot + 10;
  const found: Stand[] = [];
  for (let i = 0; found.length < many && i < many * 4; i++) {
    const x = (hash(i, salt, seed) - 0.5) * (2 * wide + 30);
    const z = head - 20 + hash(i, salt + 1, seed) * (foot - head + 110);
    const y = land(x, z);
    if (!grows(x, z) || !dry(y, z) || Math.hypot(x, z - foot - 22) <= OPEN) continue;
    found.push({ x, y, z, size: size(i), turn: hash(i, salt + 2, seed) * 6.28 });
  }
  return found;
}

/** Where everything stands. */
function standsOn(ground: Ground, elements: Element[], seed: number, woods: number) {
  const many = Math.round(woods * Math.min(1000, 700 + elements.length * 6));
  return {
    firs: forest(ground, elements, seed, many),
    stones: strew(ground, seed, {
      many: 110,
      salt: 21,
      grows: (x, z) => ridges(x, z, seed + 31) > 0.62,
      size: (i) => 0.25 + hash(i, 24, seed) * 0.7,
    }),
    tufts: strew(ground, seed, {
      many: 1500,
      salt: 11,
      grows: (x, z) => ridges(x, z, seed + 8) < 0.56,
      size: (i) => 0.6 + hash(i, 14, seed) * 0.7,
    }),
    flowers: strew(ground, seed, {
      many: 900,
      salt: 16,
      grows: (x, z) => ridges(x, z, seed + 12) > 0.56 && ridges(x, z, seed + 8) < 0.5,
      size: (i) => 0.6 + hash(i, 19, seed) * 0.6,
    }),
  };
}

const paintsOf = (p: Palette) => ({
  fir: matte(),
  stone: new THREE.MeshStandardMaterial({ color: p.rock, roughness: 1, flatShading: true }),
  tuft: matte({ color: p.meadow }),
  flower: matte(),
});

type Colour = (stand: Stand, to: THREE.Color) => THREE.Color;

function coloursOf(p: Palette): { fir: Colour; flower: Colour } {
  const pine = new THREE.Color(p.pine);
  const yellow = p.night ? "#7f88b8" : "#ffd24d";
  const bloom = [p.flower, "#ffffff", yellow].map((c) => new THREE.Color(c));
  return {
    fir: ({ turn, size }, to) => to.copy(pine).offsetHSL((turn - 3) * 0.006, 0, (size - 1) * 0.07),
    flower: ({ turn }, to) => to.copy(bloom[Math.floor(turn) % 3]),
  };
}

function Stands({
  stands,
  shape,
  paint,
  colour,
  shadow = false,
}: {
  stands: Stand[];
  shape: THREE.BufferGeometry;
  paint: THREE.Material;
  colour?: Colour;
  shadow?: boolean;
}) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  useLayoutEffect(() => {
    const m = mesh.current;
    if (!m) return;
    const tint = new THREE.Color();
    stands.forEach((s, i) => {
      m.setMatrixAt(i, uprightMatrix(s.x, s.y, s.z, s.turn, s.size));
      if (colour) m.setColorAt(i, colour(s, tint));
    });
    setCount(m, stands.length);
  }, [stands, colour]);
  if (stands.length === 0) return null;
  return (
    <instancedMesh
      ref={mesh}
      args={[shape, paint, stands.length]}
      castShadow={shadow}
      receiveShadow
      frustumCulled={false}
    />
  );
}

export function Greenery({
  ground,
  elements,
  seed,
  p,
  lean,
}: {
  ground: Ground;
  elements: Element[];
  seed: number;
  p: Palette;
  lean: boolean;
}) {
  const woods = p.landscape?.woods ?? 1;
  const { firs, stones, tufts, flowers } = useMemo(
    () => standsOn(ground, elements, seed, woods),
    [ground, elements, seed, woods],
  );
  const shapes = useMemo(() => plantShapes(), []);
  const paints = useMemo(() => paintsOf(p), [p]);
  const colours = useMemo(() => coloursOf(p), [p]);
  return (
    <group>
      <Stands
        stands={firs}
        shape={shapes[p.landscape?.crown ?? "fir"]}
        paint={paints.fir}
        colour={colours.fir}
        shadow={elements.length < 120}
      />
      <Stands stands={stones} shape={shapes.stone} paint={paints.stone} />
      {!lean && <Stands stands={tufts} shape={shapes.tuft} paint={paints.tuft} />}
      {!lean && (
        <Stands
          stands={flowers}
          shape={shapes.flower}
          paint={paints.flower}
          colour={colours.flower}
        />
      )}
    </group>
  );
}
