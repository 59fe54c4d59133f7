// What a screen of the board knows of the world and may do in it.
import type { Say } from "../i18n/words";
import type { useWhatIf } from "../shared/useWhatIf";
import type { Moment } from "../state/consoleWire";
import type { Marker, Markers } from "../state/markers";
import type { Element, Scene } from "../state/wire";
import type { BoardAct } from "./boardPainting";

export type Act = (why: string) => Promise<string>;

export type Screen =
  | { is: "none" | "menu" | "card" | "ask" | "time" }
  | { is: "list" | "if" | "follow"; from: number }
  | { is: "sure"; question: string; act: Act }
  | { is: "told"; title: string; lines: string[]; path: string[] };

/** The world as it is, and the ways to act in it. */
export interface Desk {
  on: boolean; // in a headset
  walks: boolean; // in VR, where one stands in the valley
  scene: Scene | null;
  e: Element | undefined; // what is chosen
  marker: Marker | undefined;
  markers: Markers | null;
  past: Scene | null;
  path: Element[];
  choose: (id: string | null) => void;
  go: (e: Element) => void;
  follow: (on: boolean) => void;
  light: (ids: string[]) => void;
  showTime: (at: number | null) => void;
  nextLight: () => void;
  leave: () => void;
}

export interface ScreenContext extends Desk {
  scene: Scene;
  t: Say;
  by: Map<string, Element>;
  turn: (to: Screen) => void;
  tell: (title: string, lines: string[], path?: string[]) => void;
  service: string | null; // that a what-if asks
  whatIf: ReturnType<typeof useWhatIf>;
  time: {
    moments: Moment[];
    back: number; // moments from now
    setMoments: (moments: Moment[]) => void;
    setBack: (back: number) => void;
  };
  close: BoardAct;
  home: BoardAct;
}

/** Acts that there are only under a condition. */
export const when = (condition: unknown, act: BoardAct): BoardAct[] => (condition ? [act] : []);
