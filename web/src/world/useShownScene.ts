// The scene that is shown: as it is now or was at a time, with what a visitor's own shelf shows.
import { useCallback, useMemo, useRef, useState } from "react";
import { call } from "../state/live";
import type { Element, Scene, Stall } from "../state/wire";

/** The valley as it was; null is now. */
export function usePast() {
  const [past, setPast] = useState<Scene | null>(null);
  const asked = useRef(0); // an answer that comes after a later question is not shown
  const showTime = useCallback((at: number | null) => {
    const mine = ++asked.current;
    if (at === null) {
      setPast(null);
      return;
    }
    void call<Scene>(`/v1/scene?at=${String(at)}`).then(
      (then) => {
        if (mine === asked.current) setPast(then);
      },
      () => undefined,
    );
  }, []);
  return { past, showTime };
}

type Shelves = Record<string, Stall[]>;

/** A scene whose shops show what a visitor's own shelf shows, on this page only. */
export function useShelves(scene: Scene | null) {
  const [shelves, setShelves] = useState<Shelves>({});
  const onShelf = useCallback(
    (id: string, goods: Stall[] | null) =>
      setShelves(({ [id]: _, ...rest }) => (goods ? { ...rest, [id]: goods } : rest)),
    [],
  );
  const shown = useMemo(() => {
    if (!scene || Object.keys(shelves).length === 0) return scene;
    const withShelf = (e: Element) => (e.id in shelves ? { ...e, stalls: shelves[e.id] } : e);
    return { ...scene, elements: scene.elements.map(withShelf) };
  }, [scene, shelves]);
  return { shown, onShelf };
}
