// Small solids put together into one mesh with a colour each, so that a kind of thing is drawn in a few calls however many there are.
import * as THREE from "three";
import { mergeGeometries } from "three/examples/jsm/utils/BufferGeometryUtils.js";

export type V3 = [number, number, number];
export interface Bit {
  shape: THREE.BufferGeometry;
  colour: string;
  at?: V3;
  turn?: V3;
  size?: number | V3;
}

/** Puts the translation, turn and size of a bit into an object's matrix. */
function place(put: THREE.Object3D, { at = [0, 0, 0], turn = [0, 0, 0], size = 1 }: Bit): void {
  put.position.set(...at);
  put.rotation.set(...turn);
  setSize(put, size);
  put.updateMatrix();
}

export function setSize(put: THREE.Object3D, size: number | V3): void {
  if (typeof size === "number") put.scale.setScalar(size);
  else put.scale.set(...size);
}

export function solid(bits: Bit[]): THREE.BufferGeometry {
  const put = new THREE.Object3D();
  const colour = new THREE.Color();
  return mergeGeometries(
    bits.map((b) => {
      const one = b.shape.index ? b.shape.toNonIndexed() : b.shape.clone();
      place(put, b);
      one.applyMatrix4(put.matrix);
      for (const name of Object.keys(one.attributes))
        if (name !== "position" && name !== "normal") one.deleteAttribute(name);
      const many = one.attributes.position.count;
      const paint = new Float32Array(many * 3);
      colour.set(b.colour);
      for (let i = 0; i < many; i++) colour.toArray(paint, i * 3);
      one.setAttribute("color", new THREE.BufferAttribute(paint, 3));
      return one;
    }),
  );
}

export const box = (x: number, y: number, z: number) => new THREE.BoxGeometry(x, y, z);
export const rod = (top: number, low: number, tall: number, sides = 10) =>
  new THREE.CylinderGeometry(top, low, tall, sides);
export const cone = (r: number, tall: number, sides = 10) => new THREE.ConeGeometry(r, tall, sides);
export const blade = (r: number, tall: number) => new THREE.ConeGeometry(r, tall, 3, 1, true);
export const ball = (r: number, fine = 1) => new THREE.IcosahedronGeometry(r, fine);
export const stone = (r: number) => new THREE.DodecahedronGeometry(r, 0);
export const disc = (r: number, sides = 40) =>
  new THREE.CircleGeometry(r, sides).rotateX(-Math.PI / 2);
export const hoop = (inner: number, outer: number, sides = 40) =>
  new THREE.RingGeometry(inner, outer, sides).rotateX(-Math.PI / 2);

export const matte = (more: THREE.MeshStandardMaterialParameters = {}) =>
  new THREE.MeshStandardMaterial({
    vertexColors: true,
    roughness: 0.92,
    flatShading: true,
    ...more,
  });
export const plain = (more: THREE.MeshStandardMaterialParameters = {}) =>
  new THREE.MeshStandardMaterial({ roughness: 0.9, ...more });
