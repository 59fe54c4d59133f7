// The other people in the valley, and what all put down there; both are objects that tell when they have changed.
import { useEffect, useMemo, useReducer, useState } from "react";
import type { Markers } from "../state/markers";
import { Visitors } from "../state/visitors";

const NAME_KEY = "mesocosm-name";

function keptName(): string {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function keepName(name: string): void {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    /* a private window */
  }
}

/** Who stands where, without the visitor. */
const placesOf = (visitors: Visitors) =>
  [...visitors.people.values()].flatMap(({ id, name, samples }) => {
    const last = samples.at(-1);
    return last && id !== visitors.me ? [{ id, name, place: last.place.toArray() }] : [];
  });

export function useVisitors() {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const visitors = useMemo(() => new Visitors(redraw), []);
  const [name, setName] = useState(keptName);
  useEffect(() => {
    visitors.open(name);
    window.mesocosm.people = () => placesOf(visitors);
    return () => visitors.close();
  }, [visitors, name]);
  const takeName = (taken: string) => {
    keepName(taken);
    setName(taken);
  };
  return { visitors, takeName };
}

/** The markers; null until their code has come. */
export function useMarkers(): Markers | null {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [markers, setMarkers] = useState<Markers | null>(null);
  useEffect(() => {
    let made: Markers | null = null;
    let over = false;
    void import("../state/markers").then((code) => {
      if (over) return;
      const one = new code.Markers(redraw);
      made = one;
      one.open();
      window.mesocosm.markers = () => one.all;
      setMarkers(one);
    });
    return () => {
      over = true;
      made?.close();
    };
  }, []);
  return markers;
}
