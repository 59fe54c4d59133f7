// As much detail as this machine draws fluently. Where frames come slowly, what only adorns goes first: grass and flowers and shadows that follow, then sharpness.
import { useFrame, useThree } from "@react-three/fiber";
import { useEffect, useMemo, useRef } from "react";
import * as THREE from "three";
import { FramePace, LEVELS } from "./detailLevels";

// Light that is reckoned a corner instead of a pixel, for what reflects nothing anyway.
const plainer = new WeakMap<THREE.Material, THREE.Material>();
const richer = new WeakMap<THREE.Material, THREE.Material>();

function plainOf(paint: THREE.MeshStandardMaterial): THREE.Material {
  const kept = plainer.get(paint);
  if (kept) return kept;
  const { color, map, emissive, vertexColors, flatShading } = paint;
  const { transparent, opacity, depthWrite, side } = paint;
  const plain = new THREE.MeshLambertMaterial({
    ...{ color, map, emissive, vertexColors, flatShading },
    ...{ transparent, opacity, depthWrite, side },
  });
  plainer.set(paint, plain);
  richer.set(plain, paint);
  return plain;
}

/** Changes the paint of every mesh that has one of its own. */
function repaint(
  scene: THREE.Scene,
  change: (paint: THREE.Material) => THREE.Material | undefined,
): void {
  scene.traverse((one) => {
    if (!(one instanceof THREE.Mesh) || Array.isArray(one.material)) return;
    const paint = change(one.material as THREE.Material);
    if (paint) one.material = paint;
  });
}

const makePlain = (scene: THREE.Scene): void =>
  repaint(scene, (paint) => {
    const own = Object.hasOwn(paint, "onBeforeCompile"); // a shader that was changed by hand
    return paint instanceof THREE.MeshStandardMaterial && !own ? plainOf(paint) : undefined;
  });

const makeRich = (scene: THREE.Scene): void => repaint(scene, (paint) => richer.get(paint));

export function Detail({
  level,
  onLevel,
  changed,
}: {
  level: number;
  onLevel: (level: number) => void;
  changed: unknown;
}) {
  const gl = useThree((s) => s.gl);
  const scene = useThree((s) => s.scene);
  const pace = useMemo(() => new FramePace(), []);
  const frames = useRef(0);
  useFrame((_, step) => {
    if (level >= LEVELS && frames.current++ % 20 === 0) makePlain(scene);
    if (location.hash === "#picture" || gl.xr.isPresenting || document.hidden) {
      pace.forget();
      return;
    }
    const next = pace.after(step, level);
    if (next === level) return;
    if (level >= LEVELS) makeRich(scene);
    onLevel(next);
  });
  useEffect(() => {
    window.mesocosm.detail = level;
    gl.shadowMap.autoUpdate = level === 0;
  }, [level, gl]);
  // Shadows that do not follow are cast anew when the world changes.
  useEffect(() => {
    gl.shadowMap.needsUpdate = true;
  }, [changed, level, gl, scene]);
  return null;
}
