// Weather over a place is an alert of its kind: wind for inputs that moved, cloud for labels, rain for errors, lightning for a page. It clears when the
// alert clears. What is not known lies in fog.
import { useFrame } from "@react-three/fiber";
import { useLayoutEffect, useMemo, useRef } from "react";
import * as THREE from "three";
import { stands } from "../elements/stalls";
import type { Palette } from "../scene/palette";
import { ball, solid, type V3 } from "../scene/shapes";
import type { Element } from "../state/wire";
import { roomFor, setCount, uprightMatrix } from "./instances";
import { Rainfall } from "./Rainfall";

const QUARTER = 0.34; // a storm over one district is as wide as its stall

type Spot = Pick<Element, "x" | "altitude" | "z">;

const around = (i: number, by: number, wide: number): [x: number, z: number] => [
  Math.cos(i * by) * wide,
  Math.sin(i * by) * wide,
];

const cloudShape = (): THREE.BufferGeometry =>
  solid(
    Array.from({ length: 11 }, (_, i) => ({
      shape: ball(1, 1),
      colour: "#ffffff",
      at: [
        Math.cos(i * 2.4) * (1.4 + i * 0.36),
        Math.sin(i * 1.7) * 0.55,
        Math.sin(i * 2.4) * (1.0 + i * 0.22),
      ] as V3,
      size: [2.3 - i * 0.08, 1.25 - i * 0.04, 1.8 - i * 0.06] as V3,
    })),
  );

const puffShape = (): THREE.BufferGeometry =>
  solid(
    Array.from({ length: 6 }, (_, i) => {
      const [x, z] = around(i, 1.05, 2.2);
      return {
        shape: ball(1, 1),
        colour: "#ffffff",
        at: [x, 1.2 + (i % 3) * 1.1, z],
        size: [3.4, 2.2, 3.2],
      };
    }),
  );

const boltShape = (): THREE.BufferGeometry =>
  solid(
    [
      [0, 12.5, 0, 0.35],
      [1.1, 9, 0.2, -0.5],
      [0.2, 5.5, 0, 0.4],
      [0.9, 2, 0, -0.25],
    ].map(([x, y, z, turn]) => ({
      shape: new THREE.CylinderGeometry(0.1, 0.16, 4.2, 5),
      colour: "#ffffff",
      at: [x, y, z],
      turn: [0, 0, turn],
    })),
  );

const paintsOf = (night: boolean) => ({
  dark: new THREE.MeshStandardMaterial({
    color: night ? "#4a5470" : "#8f97a8",
    roughness: 1,
    transparent: true,
    opacity: 0.94,
  }),
  fog: new THREE.MeshBasicMaterial({
    color: night ? "#75809a" : "#c3c9d1",
    transparent: true,
    opacity: 0.17,
    depthWrite: false,
  }),
  flash: new THREE.MeshBasicMaterial({ color: "#fff6c8", toneMapped: false, transparent: true }),
});

const has = (e: Element, ...kinds: string[]): boolean => e.weather.some((w) => kinds.includes(w));

/** Where each kind of weather is. */
const sortedBy = (elements: Element[]) => ({
  clouds: elements.filter((e) => has(e, "cloud", "rain", "lightning")),
  rain: elements.filter((e) => has(e, "rain")),
  wind: elements.filter((e) => has(e, "wind")),
  bolts: elements.filter((e) => has(e, "lightning")),
  unknown: elements.filter((e) => e.state === "unknown"),
});

/** The stalls over which a storm is. */
const stormsOf = (elements: Element[]): Spot[] =>
  elements
    .filter((e) => e.stalls.some((s) => s.state === "alarm"))
    .flatMap((e) =>
      stands(e)
        .filter(({ stall }) => stall.state === "alarm")
        .map(({ at: [x, y, z] }) => ({ x: e.x + x, altitude: e.altitude + y, z: e.z + z })),
    );

function Over({
  shape,
  paint,
  spots,
  high,
  size = 1,
}: {
  shape: THREE.BufferGeometry;
  paint: THREE.Material;
  spots: Spot[];
  high: number; // metres over the spot
  size?: number;
}) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  const room = roomFor(spots.length);
  useLayoutEffect(() => {
    const m = mesh.current;
    if (!m) return;
    spots.forEach((s, i) =>
      m.setMatrixAt(i, uprightMatrix(s.x, s.altitude + high, s.z, s.x, size)),
    );
    setCount(m, spots.length);
  }, [spots, high, size, room]);
  return (
    <instancedMesh
      ref={mesh}
      args={[shape, paint, room]}
      visible={spots.length > 0}
      frustumCulled={false}
    />
  );
}

export function Weather({
  elements,
  p,
  still,
  time,
}: {
  elements: Element[];
  p: Palette;
  still: boolean;
  time: { value: number };
}) {
  const cloud = useMemo(() => cloudShape(), []);
  const puff = useMemo(() => puffShape(), []);
  const bolt = useMemo(() => boltShape(), []);
  const { dark, fog, flash } = useMemo(() => paintsOf(p.night), [p.night]);
  const storms = useMemo(() => stormsOf(elements), [elements]);
  const { clouds, rain, wind, bolts, unknown } = useMemo(() => sortedBy(elements), [elements]);
  useFrame(() => {
    flash.opacity = still ? 0.9 : 0.35 + 0.6 * Math.max(0, Math.sin(time.value * 2.4)) ** 8; // slower than three a second
  });
  return (
    <group>
      <Over shape={cloud} paint={dark} spots={clouds} high={17} />
      <Over shape={bolt} paint={flash} spots={bolts} high={1} />
      <Over shape={cloud} paint={dark} spots={storms} high={8} size={QUARTER} />
      <Over shape={bolt} paint={flash} spots={storms} high={3.4} size={QUARTER} />
      <Over shape={puff} paint={fog} spots={unknown} high={0} />
      <Rainfall spots={rain} wind={false} colour="#bcd4ef" time={time} />
      <Rainfall spots={wind} wind colour={p.night ? "#b9c6e0" : "#ffffff"} time={time} />
    </group>
  );
}
