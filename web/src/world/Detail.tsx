// As much detail as this machine draws fluently. Where frames come slowly, what only adorns goes first: grass and flowers and shadows that follow, then sharpness.
import { useFrame, useThree } from "@react-three/fiber";
import { useEffect, useRef } from "react";
import * as THREE from "three";

/** The last level, with the least detail; where no graphics card draws, the page begins there. */
export const LEVELS = 3;
const SLOW = 0.09, LOOK = 4; // seconds a frame that are too many, and frames that are looked at
const QUICK = 0.025, EASE = 120; // seconds a frame that leave room for more, and frames in a row that must be so quick; the more, the oftener more was too much
/** Pixels drawn for one of the page, by level; where two are given, as many as the screen has between them. */
export const SHARP: (number | [number, number])[] = [[1, 1.75], 1, 0.72, 0.5];

// Light that is reckoned a corner instead of a pixel, for what reflects nothing anyway.
const plainer = new WeakMap<THREE.Material, THREE.Material>(), richer = new WeakMap<THREE.Material, THREE.Material>();
function rich(scene: THREE.Scene): void {
  scene.traverse((o) => { const mesh = o as THREE.Mesh, found = mesh.material && !Array.isArray(mesh.material) ? richer.get(mesh.material) : undefined; if (found) mesh.material = found; });
}
function plain(scene: THREE.Scene): void {
  scene.traverse((o) => {
    const mesh = o as THREE.Mesh, paint = mesh.material;
    if (!(paint instanceof THREE.MeshStandardMaterial) || Object.hasOwn(paint, "onBeforeCompile")) return;
    let found = plainer.get(paint);
    if (!found) {
      found = new THREE.MeshLambertMaterial({ color: paint.color, map: paint.map, emissive: paint.emissive, vertexColors: paint.vertexColors, flatShading: paint.flatShading, transparent: paint.transparent, opacity: paint.opacity, depthWrite: paint.depthWrite, side: paint.side });
      plainer.set(paint, found);
      richer.set(found, paint);
    }
    mesh.material = found;
  });
}

export function Detail({ level, onLevel, changed }: { level: number; onLevel: (level: number) => void; changed: unknown }) {
  const gl = useThree((s) => s.gl), scene = useThree((s) => s.scene);
  const times = useRef<number[]>([]), quick = useRef(0), tried = useRef(0);
  const count = useRef(0);
  useFrame((_, step) => {
    if (level >= LEVELS && count.current++ % 20 === 0) plain(scene);
    if (location.hash === "#picture" || gl.xr.isPresenting || document.hidden) { times.current = []; return; }
    quick.current = level > 0 && step < QUICK ? quick.current + 1 : 0;
    if (quick.current > EASE * 2 ** tried.current) { // there is room again, as when another program has ended
      if (level >= LEVELS) rich(scene);
      quick.current = 0; tried.current += 1; times.current = [];
      onLevel(level - 1);
      return;
    }
    if (level >= LEVELS) return;
    times.current.push(step);
    if (times.current.length < LOOK + 2) return; // the first two make shaders
    const mean = [...times.current.slice(2)].sort((a, b) => a - b)[Math.floor(LOOK / 2)]!;
    times.current = [];
    if (mean > SLOW) onLevel(mean > 3 * SLOW ? LEVELS : level + 1);
  });
  useEffect(() => {
    window.mesocosm.detail = level;
    gl.shadowMap.autoUpdate = level === 0;
  }, [level, gl]);
  // Shadows that do not follow are cast anew when the world changes.
  useEffect(() => { gl.shadowMap.needsUpdate = true; }, [changed, level, gl, scene]);
  return null;
}
