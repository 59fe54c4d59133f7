// Meshes that are drawn many times in one call.
import * as THREE from "three";
import { setSize, type V3 } from "../scene/shapes";

/** Room for so many, by doubling, so that a change makes no new mesh. */
export const roomFor = (many: number): number => Math.max(4, 2 ** Math.ceil(Math.log2(many || 1)));

/** How many are drawn, once their matrices and colours are set. */
export function setCount(mesh: THREE.InstancedMesh, many: number): void {
  mesh.count = many;
  mesh.instanceMatrix.needsUpdate = true;
  if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
}

const put = new THREE.Object3D();

/** The matrix of something upright. It is used anew by the next call. */
export function uprightMatrix(
  x: number,
  y: number,
  z: number,
  turn: number,
  size: number | V3,
): THREE.Matrix4 {
  put.position.set(x, y, z);
  put.rotation.set(0, turn, 0);
  setSize(put, size);
  put.updateMatrix();
  return put.matrix;
}
