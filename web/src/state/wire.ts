// Generated from src/mesocosm/world/wire.py; run `python -m mesocosm.world.wire`.
export interface Element {
  id: string;
  kind: "spring" | "lake" | "tree" | "lighthouse" | "vane" | "counter";
  name: string;
  x: number;
  z: number;
  altitude: number;
  needs: string[];
  state: "fine" | "watch" | "alarm" | "unknown";
  level: number | null;
  clarity: number | null;
  height: number | null;
  rings: number;
  traffic: number;
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
  elements: Element[];
  alerts: Record<string, unknown>[];
  fireflies: Firefly[];
}
