// How a visitor on foot moves and looks: where to, by keys; and on the flight to what was chosen.
import * as THREE from "three";

export interface Aim {
  at: THREE.Vector3;
  look: THREE.Vector3;
}
export interface View {
  yaw: number;
  pitch: number;
}

const PACE = 16; // metres a second
const RUN = 40;
const TURN = 1.4; // radians a second
const NEAR = 0.2; // metres from the end of a flight

/** What the pressed keys ask for, each from -1 to 1. */
export function keysAsk(keys: ReadonlySet<string>) {
  const on = (...names: string[]) => Number(names.some((name) => keys.has(name)));
  return {
    ahead: on("w", "arrowup") - on("s", "arrowdown"),
    side: on("d") - on("a"),
    turn: on("arrowleft") - on("arrowright"),
    rise: on("e") - on("q"),
    run: on("shift") > 0,
  };
}
export type Asked = ReturnType<typeof keysAsk>;

export const moves = ({ ahead, side, turn, rise }: Asked): boolean =>
  [ahead, side, turn, rise].some((one) => one !== 0);

/** One step on foot, as the keys ask. */
export function stepOn(at: THREE.Vector3, view: View, asked: Asked, seconds: number): void {
  view.yaw += asked.turn * seconds * TURN;
  const far = seconds * (asked.run ? RUN : PACE);
  const [sin, cos] = [Math.sin(view.yaw), Math.cos(view.yaw)];
  at.x += (-sin * asked.ahead + cos * asked.side) * far;
  at.z += (-cos * asked.ahead - sin * asked.side) * far;
  at.y += asked.rise * far;
}

/** One step of a flight, by a share of the way that is left; true once it has ended. */
export function flyOn(at: THREE.Vector3, view: View, aim: Aim, share: number): boolean {
  at.lerp(aim.at, share);
  const way = aim.look.clone().sub(at);
  const yaw = Math.atan2(-way.x, -way.z);
  const pitch = Math.atan2(way.y, Math.hypot(way.x, way.z));
  const shorter = Math.atan2(Math.sin(yaw - view.yaw), Math.cos(yaw - view.yaw));
  view.yaw += shorter * share;
  view.pitch += (pitch - view.pitch) * share;
  return at.distanceTo(aim.at) < NEAR;
}

/** What a drag of so many pixels does to the view. */
export function dragged(view: View, x: number, y: number): View {
  return {
    yaw: view.yaw + x * 0.004,
    pitch: Math.max(-1.2, Math.min(0.9, view.pitch + y * 0.004)),
  };
}
