import { Quaternion, Vector3 } from "three";
import { expect, test } from "vitest";
import { packTurn, readPose, unpackTurn, writePose } from "./poseCodec";

const TURNS = Array.from({ length: 60 }, (_, i) =>
  new Quaternion(Math.sin(i), Math.cos(2 * i), Math.sin(3.3 * i), Math.cos(5 * i)).normalize(),
);

test("a turn in 32 bits is nearly the turn", () => {
  for (const turn of TURNS) {
    const word = packTurn(turn);
    expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).toBe(true);
    expect(unpackTurn(word).angleTo(turn)).toBeLessThan(0.01);
  }
});

test("a turn and its negative are the same", () => {
  const [turn] = TURNS;
  const negative = new Quaternion(-turn.x, -turn.y, -turn.z, -turn.w);
  expect(packTurn(negative)).toBe(packTurn(turn));
});

test("a place is kept to 5 cm, and within what 16 bits reach", () => {
  const data = new DataView(new ArrayBuffer(12));
  writePose(data, 2, { place: new Vector3(1.02, -3.33, 99_999), turn: TURNS[3] });
  const { place, turn } = readPose(data, 2);
  expect(place.x).toBeCloseTo(1.0, 5);
  expect(place.y).toBeCloseTo(-3.35, 5);
  expect(place.z).toBeCloseTo(32767 * 0.05, 5);
  expect(turn.angleTo(TURNS[3])).toBeLessThan(0.01);
});
