// Numbers that look like chance, the same for the same seed.
export function hash(x: number, z: number, seed: number): number {
  const n = Math.sin(x * 127.1 + z * 311.7 + seed * 17.3) * 43758.5453;
  return n - Math.floor(n);
}

/** From 0 to 1, and level at both ends. */
export function smooth(t: number): number {
  const c = Math.min(1, Math.max(0, t));
  return c * c * (3 - 2 * c);
}

function noise(x: number, z: number, seed: number): number {
  const [ix, iz] = [Math.floor(x), Math.floor(z)];
  const u = smooth(x - ix);
  const v = smooth(z - iz);
  const top = hash(ix, iz, seed) * (1 - u) + hash(ix + 1, iz, seed) * u;
  const low = hash(ix, iz + 1, seed) * (1 - u) + hash(ix + 1, iz + 1, seed) * u;
  return top * (1 - v) + low * v;
}

/** Hills and hollows from 0 to 1, some tens of metres wide. */
export const ridges = (x: number, z: number, seed: number): number =>
  noise(x / 26, z / 26, seed) * 0.6 +
  noise(x / 11, z / 11, seed + 1) * 0.28 +
  noise(x / 5, z / 5, seed + 2) * 0.12;
