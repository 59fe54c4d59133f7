// Generated from src/mesocosm/world/wire.py; run `python -m mesocosm.world.wire`.
export interface Step {
  name: string;
  removed: number;
  changed: number;
}

export interface Sapling {
  name: string;
  height: number;
  state: "growing" | "challenger" | "refused";
  says: string;
}

export interface Stall {
  name: string;
  count: number;
  share: number | null;
  state: "fine" | "alarm" | "unknown";
  says: string;
}

export interface Element {
  id: string;
  kind: "spring" | "lake" | "tree" | "lighthouse" | "vane" | "counter";
  name: string;
  x: number;
  z: number;
  altitude: number;
  depth: number;
  needs: string[];
  state: "fine" | "watch" | "alarm" | "unknown";
  level: number | null;
  clarity: number | null;
  height: number | null;
  rings: number;
  traffic: number;
  age: number | null;
  share: number | null;
  steps: Step[];
  private: string[];
  species: "oak" | "birch" | "willow" | null;
  sapling: Sapling | null;
  weather: ("wind" | "cloud" | "rain" | "lightning")[];
  form: "counter" | "desk" | "market" | "shop" | "clinic" | null;
  stalls: Stall[];
  says: string;
  facts: Record<string, unknown>;
  inhabitant: string | null;
  speaks_for: string | null;
}

export interface Firefly {
  id: string;
  service: string;
  label: string;
  at: number;
}

export interface Scene {
  ecosystem: string;
  about: string;
  style: string;
  seed: number;
  revision: number;
  at: number;
  season: "spring" | "summer" | "autumn" | "winter" | null;
  elements: Element[];
  alerts: Record<string, unknown>[];
  fireflies: Firefly[];
  models: string[];
  landscape: string;
  light: string;
}
