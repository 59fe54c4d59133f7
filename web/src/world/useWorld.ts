// The state of the world's page: what is shown, what is chosen, which panel is open, and how it is drawn.
import { useCallback, useEffect, useMemo, useState } from "react";
import * as THREE from "three";
import { findGraphics } from "../scene/graphics";
import { nextLook, named } from "../scene/palette";
import { useByKey } from "../shared/useByKey";
import { useDebugState } from "../state/debugState";
import { useLive } from "../state/live";
import type { Element, Scene } from "../state/wire";
import { useImportedModels } from "../valley/ImportedModel";
import { useComfort } from "../xr/comfort";
import { useBoardPanel } from "../xr/panelState";
import { LEVELS } from "./detailLevels";
import { useKeys } from "./useKeys";
import { useMarkers, useVisitors } from "./useOthers";
import { useSelection } from "./useSelection";
import { usePast, useShelves } from "./useShownScene";
import { xrStore } from "./xrStore";

const GRAPHICS = findGraphics();
export const DRAWS = GRAPHICS !== "none";
export const PICTURE = location.hash === "#picture"; // a picture has all its detail, however long it takes
export const PLAIN = GRAPHICS === "software" && !PICTURE;
const NARROW = 620; // pixels of a window in which the list is the page

export type PanelName = "people" | "past" | "follow" | "comfort" | "put";

/** Which panel is open. */
function usePanels() {
  const [open, setOpen] = useState<PanelName | null>(null);
  const toggle = (name: PanelName) => setOpen((old) => (old === name ? null : name));
  const close = () => setOpen(null);
  return { open, setOpen, toggle, close };
}

/** The way of a request that is lit. */
function usePath(by: Map<string, Element>, open: PanelName | null) {
  const [path, setPath] = useState<string[]>([]);
  const [before, setBefore] = useState(open);
  if (before !== open) {
    setBefore(open);
    if (open !== "follow") setPath([]);
  }
  const lit = useByKey(
    path.flatMap((id) => by.get(id) ?? []),
    path.join("|"),
  );
  useDebugState({ path });
  return { path, lit, setPath };
}

/** How the valley is drawn: as a list, in which light, with how much detail. */
function useDrawing(scene: Scene | null) {
  const [asList, setAsList] = useState(!DRAWS || innerWidth < NARROW);
  const [detail, setDetail] = useState(PLAIN ? LEVELS : 0);
  const [lost, setLost] = useState(false); // the picture
  const [chosenLook, setLook] = useState<string | null>(null);
  const still = useMemo(() => matchMedia("(prefers-reduced-motion: reduce)").matches, []);
  const look = chosenLook ?? named(scene?.style ?? "", scene?.light ?? "");
  const lose = useCallback(() => {
    setLost(true);
    setAsList(true);
  }, []);
  const nextLight = () => setLook(nextLook(look));
  const toggleList = () => setAsList((old) => !old);
  const found = useCallback(() => setLost(false), []);
  return {
    asList,
    toggleList,
    detail,
    setDetail,
    lost,
    lose,
    found,
    look,
    setLook,
    nextLight,
    still,
  };
}

export function useWorld() {
  const { scene: now, linked } = useLive();
  const { past, showTime } = usePast();
  const { shown: scene, onShelf } = useShelves(past ?? now);
  const imported = useImportedModels(now?.models ?? []);
  const { visitors, takeName } = useVisitors();
  const markers = useMarkers();
  const [comfort, changeComfort] = useComfort();
  const by = useMemo(() => new Map(scene?.elements.map((e) => [e.id, e])), [scene]);
  const selection = useSelection(by);
  const panels = usePanels();
  const { open } = panels;
  const { lit, setPath } = usePath(by, open);
  const drawing = useDrawing(scene);
  useEffect(() => {
    if (open !== "past") showTime(null);
  }, [open, showTime]);
  useDebugState({ brought: [...imported.models.keys()] });
  const { chosen, unchoose, setCarried } = selection;
  useKeys({
    l: drawing.toggleList,
    f: () => panels.toggle("follow"),
    t: () => panels.toggle("past"),
    m: () => panels.toggle("put"),
    Escape: () => {
      unchoose();
      setCarried(null);
      panels.close();
      setPath([]);
    },
  });
  const planted = past ? null : markers; // the past shows none
  const e = chosen ? by.get(chosen) : undefined;
  const marker = planted?.all.find((m) => m.id === chosen);
  return {
    ...{ scene, past, linked, showTime, onShelf, imported, visitors, takeName, planted },
    ...{ comfort, changeComfort, by, selection, panels, lit, setPath, drawing, e, marker },
  };
}
export type WorldState = ReturnType<typeof useWorld>;

/** The board in a headset: what it shows, and where it sends the visitor. */
export function useHeadset(world: WorldState) {
  const { scene, e, marker, planted, past, lit, selection, panels, drawing } = world;
  const [mode, setMode] = useState<string | null>(null);
  const [sent, setSent] = useState<THREE.Vector3 | null>(null);
  const board = useBoardPanel({
    ...{ scene, e, marker, past, markers: planted, path: lit },
    on: mode !== null,
    walks: mode === "immersive-vr",
    choose: selection.choose,
    light: world.setPath,
    showTime: world.showTime,
    nextLight: drawing.nextLight,
    go: (one) => setSent(new THREE.Vector3(one.x + 4, 0, one.z + 13)),
    follow: (on) => panels.setOpen(on ? "follow" : null),
    leave: () => void xrStore.getState().session?.end(),
  });
  return { ...board, sent, setMode };
}
