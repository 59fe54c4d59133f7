// The living state: one WebSocket that brings the whole scene, at most a second old, and what its figures were in the last minutes.
import { useEffect, useState } from "react";
import { noticeChinese } from "../fonts/chinese";
import { useLanguage } from "../i18n/LanguageSwitch";
import { pageLanguage, sayNow as t } from "../i18n/words";
import { socketAt } from "./sockets";
import type { Scene } from "./wire";

export interface Live {
  scene: Scene | null;
  linked: boolean;
}

const SILENCE = 4000; // ms without a message after which the link is taken for lost; the server sends every 2 s
const TICK = 500; // ms between two looks at that
const AGAIN_MS = 1500; // before a lost link is tried again
const PATIENCE = 15000; // ms that a reading may take
const LONG_PATIENCE = 60000; // ms that an act may take

export interface Point {
  at: number;
  [figure: string]: number;
}
export const history = new Map<string, Point[]>();
const FIGURES = ["rate", "p50_ms", "p95_ms", "error_rate", "refused_rate"];
const MOST = 150; // points kept of a service

function remember(scene: Scene): void {
  for (const e of scene.elements) {
    if (e.kind !== "lighthouse") continue;
    const point: Point = { at: scene.at };
    for (const key of FIGURES) {
      const value = e.facts[key];
      if (typeof value === "number") point[key] = value;
    }
    const kept = history.get(e.id) ?? [];
    kept.push(point);
    if (kept.length > MOST) kept.shift();
    history.set(e.id, kept);
  }
}

/** Listens for scenes, and opens the link again where it was lost. Returns what ends it. */
function listen(onScene: (scene: Scene) => void, onLost: () => void): () => void {
  let socket: WebSocket | null = null;
  let timer = 0;
  let over = false;
  let heard = performance.now();
  let ticked = heard;
  const open = () => {
    socket = socketAt("/v1/world");
    socket.onmessage = (event) => {
      heard = performance.now();
      noticeChinese(event.data as string);
      onScene(JSON.parse(event.data as string) as Scene);
    };
    socket.onclose = () => {
      onLost();
      if (!over) timer = window.setTimeout(open, AGAIN_MS);
    };
  };
  const openAnew = () => {
    // a link whose other end is gone may never report that it closed
    window.clearTimeout(timer);
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
    heard = performance.now();
    open();
  };
  const watch = window.setInterval(() => {
    const now = performance.now();
    const late = now - ticked > 4 * TICK; // the page itself was busy or asleep: its messages still wait
    ticked = now;
    if (late) heard = Math.max(heard, now - SILENCE / 2);
    if (now - heard > SILENCE) onLost();
    if (now - heard > 3 * SILENCE) openAnew();
  }, TICK);
  open();
  return () => {
    over = true;
    window.clearTimeout(timer);
    window.clearInterval(watch);
    socket?.close();
  };
}

export function useLive(): Live {
  const language = useLanguage();
  const [live, setLive] = useState<Live>({ scene: null, linked: false });
  useEffect(
    () =>
      listen(
        (scene) => {
          remember(scene);
          setLive({ scene, linked: true });
        },
        () => setLive((old) => (old.linked ? { ...old, linked: false } : old)),
      ),
    [language],
  );
  return live;
}

/** What a request is answered; why there is no answer, in the page's language. */
async function ask(path: string, more: RequestInit, patience: number): Promise<Response> {
  try {
    return await fetch(path, {
      ...more,
      headers: { "Accept-Language": pageLanguage() },
      signal: AbortSignal.timeout(patience),
    });
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    if (late) throw new Error(t("no answer within {} s", patience / 1000), { cause: error });
    throw new Error(t("the server cannot be reached"), { cause: error });
  }
}

/** Asks the server; with a body it is an act, which may take longer. */
export async function call<T>(path: string, body?: unknown): Promise<T> {
  const answer =
    body === undefined
      ? await ask(path, {}, PATIENCE)
      : await ask(path, { method: "POST", body: JSON.stringify(body) }, LONG_PATIENCE);
  const text = await answer.text();
  noticeChinese(text);
  const said = jsonOf(text) as (T & { detail?: string }) | undefined;
  if (answer.ok && said !== undefined) return said;
  throw new Error(said?.detail ?? t("the server answered {}", answer.status));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
