// What makes a headset comfortable, as the visitor chose it; kept by the browser.
import { useState } from "react";

export interface Comfort {
  seated: boolean; // lift to a standing eye
  height: number; // metres more
  walk: boolean; // smoothly, with the left stick
  vignette: boolean; // darken the edge of sight while walking
}
export type ComfortChange = (change: Partial<Comfort>) => void;

const KEY = "mesocosm-comfort";
const EASY: Comfort = { seated: false, height: 0, walk: false, vignette: true };

function kept(): Comfort {
  try {
    return { ...EASY, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Comfort>) };
  } catch {
    return EASY;
  }
}

function keep(comfort: Comfort): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(comfort));
  } catch {
    /* a private window */
  }
}

export function useComfort(): [Comfort, ComfortChange] {
  const [comfort, setComfort] = useState(kept);
  const change: ComfortChange = (changed) => {
    const now = { ...comfort, ...changed };
    keep(now);
    setComfort(now);
  };
  return [comfort, change];
}
