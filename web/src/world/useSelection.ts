// What is chosen, pointed at or carried, and the flight to it.
import { useCallback, useEffect, useRef, useState } from "react";
import * as THREE from "three";
import type { Element } from "../state/wire";
import type { Aim } from "./walking";

/** From where a thing is looked at. */
const aimAt = (e: Element): Aim => ({
  at: new THREE.Vector3(e.x + 9, e.altitude + 9, e.z + 21),
  look: new THREE.Vector3(e.x, e.altitude + 4, e.z),
});

export function useSelection(by: Map<string, Element>) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const [carried, setCarried] = useState<string | null>(null);
  const [aim, setAim] = useState<Aim | null>(null);
  const things = useRef(by);
  useEffect(() => {
    things.current = by;
  });
  const choose = useCallback((id: string | null) => {
    setChosen(id);
    setCarried(null);
    const e = id ? things.current.get(id) : undefined;
    if (e) setAim(aimAt(e));
  }, []);
  const unchoose = useCallback(() => setChosen(null), []);
  const loaded = by.size > 0;
  useEffect(() => {
    const asked = decodeURIComponent(location.hash.slice(1));
    if (loaded && things.current.has(asked)) choose(asked);
  }, [loaded, choose]);
  return { chosen, hovered, carried, aim, choose, unchoose, setHovered, setCarried };
}
export type Selection = ReturnType<typeof useSelection>;
