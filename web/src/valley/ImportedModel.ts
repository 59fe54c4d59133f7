// Bodies that the project brings as glTF files: read once, drawn in one call a material for all things of the kind. One that cannot be read is told of, and the
// kind's own shape stands there.
import { useEffect, useState } from "react";
import * as THREE from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import type { Part, Place } from "../elements/kind";

export type ImportedModel = { shape: THREE.BufferGeometry; paint: THREE.Material }[];
export type ImportedModels = Map<string, ImportedModel>;

const DULL = 0.3; // nothing is mirrored here, and bare metal would be black

async function read(kind: string): Promise<ImportedModel> {
  const { scene } = await new GLTFLoader().loadAsync(`/v1/world/models/${kind}`);
  const found: ImportedModel = [];
  scene.updateMatrixWorld(true);
  scene.traverse((one) => {
    if (!(one instanceof THREE.Mesh) || Array.isArray(one.material)) return;
    const shape = (one.geometry as THREE.BufferGeometry).clone().applyMatrix4(one.matrixWorld);
    if (!shape.getAttribute("normal")) shape.computeVertexNormals();
    const paint = one.material as THREE.Material;
    if (paint instanceof THREE.MeshStandardMaterial && !paint.metalnessMap)
      paint.metalness = Math.min(paint.metalness, DULL);
    found.push({ shape, paint });
  });
  if (!found.length) throw new Error("nothing to draw");
  return found;
}

interface Imported {
  models: ImportedModels;
  broken: string[]; // kinds whose file cannot be read
}

export function useImportedModels(kinds: string[]): Imported {
  const [imported, setImported] = useState<Imported>({ models: new Map(), broken: [] });
  const asked = kinds.join();
  useEffect(() => {
    const add = (kind: string, model: ImportedModel) =>
      setImported((old) => ({ ...old, models: new Map(old.models).set(kind, model) }));
    const fail = (kind: string) =>
      setImported((old) => ({ ...old, broken: [...new Set([...old.broken, kind])].sort() }));
    for (const kind of asked ? asked.split(",") : [])
      read(kind).then(
        (model) => add(kind, model),
        () => fail(kind),
      );
  }, [asked]);
  return imported;
}

/** How tall a model stands. */
function heightOf(model: ImportedModel): number {
  const box = new THREE.Box3();
  for (const { shape } of model) {
    shape.computeBoundingBox();
    if (shape.boundingBox) box.union(shape.boundingBox);
  }
  return Math.max(1e-6, box.max.y - Math.min(0, box.min.y));
}

const divided = (size: Place["size"] = 1, by: number): Place["size"] =>
  typeof size === "number" ? size / by : [size[0] / by, size[1] / by, size[2] / by];

/** A kind's parts with its body exchanged; what tells a state stays. */
export function withImportedModel(parts: Part[], model: ImportedModel | undefined): Part[] {
  const bodies = parts.filter((p) => p.body === "metres" || p.body === "unit");
  if (!model || !bodies.length) return parts;
  const by = bodies[0].body === "unit" ? heightOf(model) : 1;
  const put: Part["put"] = (e, ground) =>
    bodies
      .flatMap((p) => p.put(e, ground))
      .map(({ colour: _, ...at }) => ({ ...at, size: divided(at.size, by) }));
  const imported = model.map(({ shape, paint }, i): Part => {
    return { name: `brought-${String(i)}`, shape, paint, shadow: true, put };
  });
  return [...imported, ...parts.filter((p) => !p.body)];
}
