// As much detail as this machine draws fluently. Where frames come slowly, what only adorns goes first: grass and flowers and shadows that follow, then sharpness.
import { useFrame, useThree } from "@react-three/fiber";
import { useEffect, useRef } from "react";
import * as THREE from "three";

const SLOW = 0.09, LOOK = 4, LEVELS = 3; // seconds a frame that are too many, frames that are looked at, and the last level
const SHARP = [undefined, 1, 0.72, 0.5]; // of the screen's pixels by level

// Light that is reckoned a corner instead of a pixel, for what reflects nothing anyway.
const plainer = new WeakMap<THREE.Material, THREE.Material>();
function plain(scene: THREE.Scene): void {
  scene.traverse((o) => {
    const mesh = o as THREE.Mesh, paint = mesh.material;
    if (!(paint instanceof THREE.MeshStandardMaterial) || Object.hasOwn(paint, "onBeforeCompile")) return;
    let found = plainer.get(paint);
    if (!found) {
      found = new THREE.MeshLambertMaterial({ color: paint.color, map: paint.map, emissive: paint.emissive, vertexColors: paint.vertexColors, flatShading: paint.flatShading, transparent: paint.transparent, opacity: paint.opacity, depthWrite: paint.depthWrite, side: paint.side });
      plainer.set(paint, found);
    }
    mesh.material = found;
  });
}

export function Detail({ level, onLevel, changed }: { level: number; onLevel: (level: number) => void; changed: unknown }) {
  const gl = useThree((s) => s.gl), setDpr = useThree((s) => s.setDpr), scene = useThree((s) => s.scene);
  const times = useRef<number[]>([]);
  const first = useRef<number>(gl.getPixelRatio());
  const count = useRef(0);
  useFrame((_, step) => {
    if (level >= LEVELS && count.current++ % 20 === 0) plain(scene);
    if (level >= LEVELS || location.hash === "#picture" || gl.xr.isPresenting || document.hidden) { times.current = []; return; }
    times.current.push(step);
    if (times.current.length < LOOK + 2) return; // the first two make shaders
    const mean = [...times.current.slice(2)].sort((a, b) => a - b)[Math.floor(LOOK / 2)]!;
    times.current = [];
    if (mean > SLOW) onLevel(mean > 3 * SLOW ? LEVELS : level + 1);
  });
  useEffect(() => {
    window.mesocosm.detail = level;
    gl.shadowMap.autoUpdate = level === 0;
    setDpr(Math.min(first.current, SHARP[level] ?? first.current));
  }, [level, gl, setDpr]);
  // Shadows that do not follow are cast anew when the world changes.
  useEffect(() => { gl.shadowMap.needsUpdate = true; }, [changed, level, gl, scene]);
  return null;
}
