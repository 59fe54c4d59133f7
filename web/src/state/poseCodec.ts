// A pose in ten bytes, as world/visitors.py has it: a place in steps of 5 cm, and a turn in 32 bits.
import { Quaternion, Vector3 } from "three";

export interface Pose {
  place: Vector3;
  turn: Quaternion;
}

const STEP = 0.05; // metres
const FARTHEST = 32767; // steps
const HALF = Math.SQRT1_2; // what the three smaller parts of a turn lie within
const LEVELS = 1024; // of a part

/** A turn in 32 bits: which of its four parts is largest, and the other three in 10 bits each. */
export function packTurn(turn: Quaternion): number {
  const parts = turn.toArray();
  const sizes = parts.map(Math.abs);
  const largest = sizes.indexOf(Math.max(...sizes));
  const sign = parts[largest] < 0 ? -1 : 1; // a turn and its negative are the same
  let word = largest;
  parts.forEach((part, i) => {
    if (i === largest) return;
    const level = Math.round(((part * sign) / HALF + 1) * 511.5);
    word = word * LEVELS + Math.max(0, Math.min(LEVELS - 1, level));
  });
  return word;
}

export function unpackTurn(word: number): Quaternion {
  const smaller: number[] = [];
  let rest = word;
  for (let i = 0; i < 3; i++) {
    smaller.unshift(((rest % LEVELS) / 511.5 - 1) * HALF);
    rest = Math.floor(rest / LEVELS);
  }
  const squares = smaller.reduce((sum, part) => sum + part * part, 0);
  const parts = smaller.toSpliced(rest & 3, 0, Math.sqrt(Math.max(0, 1 - squares)));
  return new Quaternion().fromArray(parts).normalize();
}

export function writePose(to: DataView, at: number, { place, turn }: Pose): void {
  place.toArray().forEach((metres, i) => {
    const steps = Math.round(metres / STEP);
    to.setInt16(at + i * 2, Math.max(-FARTHEST, Math.min(FARTHEST, steps)), true);
  });
  to.setUint32(at + 6, packTurn(turn), true);
}

export function readPose(from: DataView, at: number): Pose {
  const steps = [0, 2, 4].map((offset) => from.getInt16(at + offset, true));
  return {
    place: new Vector3().fromArray(steps).multiplyScalar(STEP),
    turn: unpackTurn(from.getUint32(at + 6, true)),
  };
}
