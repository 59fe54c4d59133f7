// Bodies that the project brings as glTF files: read once, drawn in one call a material for all things of the kind. One that cannot be read is told of, and the
// kind's own shape stands there.
import { useEffect, useState } from "react";
import * as THREE from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import type { Part, Place } from "../elements/kind";

export type Solid = { shape: THREE.BufferGeometry; paint: THREE.Material }[];
export type ImportedModels = Map<string, Solid>;

async function read(kind: string): Promise<Solid> {
  const { scene } = await new GLTFLoader().loadAsync(`/v1/world/models/${kind}`);
  const found: Solid = [];
  scene.updateMatrixWorld(true);
  scene.traverse((one) => { if (one instanceof THREE.Mesh && !Array.isArray(one.material)) found.push({ shape: (one.geometry as THREE.BufferGeometry).clone().applyMatrix4(one.matrixWorld), paint: one.material as THREE.Material }); });
  for (const { shape, paint } of found) {
    if (!shape.getAttribute("normal")) shape.computeVertexNormals();
    if (paint instanceof THREE.MeshStandardMaterial && !paint.metalnessMap) paint.metalness = Math.min(paint.metalness, 0.3); // nothing is mirrored here, and bare metal would be black
  }
  if (!found.length) throw new Error("nothing to draw");
  return found;
}

export function useImportedModels(kinds: string[]): { brought: ImportedModels; broken: string[] } {
  const [state, set] = useState<{ brought: ImportedModels; broken: string[] }>({ brought: new Map(), broken: [] });
  const asked = kinds.join();
  useEffect(() => {
    for (const kind of asked ? asked.split(",") : [])
      read(kind).then((solid) => set((old) => ({ ...old, brought: new Map(old.brought).set(kind, solid) })), () => set((old) => ({ ...old, broken: [...old.broken.filter((k) => k !== kind), kind].sort() })));
  }, [asked]);
  return state;
}

// A kind's parts with its body exchanged; what tells a state stays.
export function withImportedModel(parts: Part[], solid: Solid | undefined): Part[] {
  const bodies = parts.filter((p) => p.body === "metres" || p.body === "unit");
  if (!solid || !bodies.length) return parts;
  const box = new THREE.Box3();
  for (const { shape } of solid) { shape.computeBoundingBox(); box.union(shape.boundingBox!); }
  const high = bodies[0]!.body === "unit" ? Math.max(1e-6, box.max.y - Math.min(0, box.min.y)) : 1;
  const sized = (size: Place["size"] = 1): Place["size"] => (typeof size === "number" ? size / high : [size[0] / high, size[1] / high, size[2] / high]);
  const put: Part["put"] = (e, ground) => bodies.flatMap((p) => p.put(e, ground)).map(({ colour: _, ...at }) => ({ ...at, size: sized(at.size) }));
  return [...solid.map(({ shape, paint }, i) => ({ name: `brought-${i}`, shape, paint, shadow: true, put })), ...parts.filter((p) => !p.body)];
}
