// What the world tells of itself at `window.mesocosm`, for tests and for pictures of the valley.
import { useEffect } from "react";
import type { Marker } from "./markers";

export interface DebugState {
  frames: number; // drawn so far
  first: number; // ms until the first frame
  laid: number; // ms that the land took
  shown: number; // the revision that is drawn
  drawn: { calls: number; triangles: number };
  detail: number;
  camera: number[];
  path: string[]; // what is lit
  brought: string[]; // kinds with a model of the project
  facts: () => Record<string, unknown[]>;
  stalls: () => Record<string, string[]>;
  markers: () => Marker[];
  people: () => { id: number; name: string; place: number[] }[];
  turn: (angle: number) => void;
  // in a headset
  xr: string;
  origin: number[];
  yaw: number;
  lift: number;
  vignette: number;
  table: number[];
  board: {
    title: string;
    sub: string;
    lines: string[];
    acts: string[];
    spot: (i: number) => number[];
  } | null;
}

declare global {
  interface Window {
    mesocosm: DebugState;
  }
}

window.mesocosm = {
  frames: 0,
  first: 0,
  laid: 0,
  shown: 0,
  drawn: { calls: 0, triangles: 0 },
  detail: 0,
  camera: [0, 0, 0],
  path: [],
  brought: [],
  facts: () => ({}),
  stalls: () => ({}),
  markers: () => [],
  people: () => [],
  turn: () => undefined,
  xr: "",
  origin: [0, 0, 0],
  yaw: 0,
  lift: 0,
  vignette: 0,
  table: [],
  board: null,
};

/** Tells a part of the state, as it is after each look. */
export function useDebugState(part: Partial<DebugState>): void {
  useEffect(() => {
    Object.assign(window.mesocosm, part);
  });
}
