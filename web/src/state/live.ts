// The living state: one WebSocket that brings the whole scene, at most a second old, and what its figures were in the last minutes.
import { useEffect, useState } from "react";
import type { Scene } from "./wire";

export interface Live { scene: Scene | null; linked: boolean }

const SILENCE = 4000; // ms without a message after which the link is taken for lost; the server sends every 2 s
const TICK = 500; // ms between two looks at that
const PATIENCE = 15000, LONG_PATIENCE = 60000; // ms that a reading and an act may take
export interface Point { at: number; [figure: string]: number }
export const history = new Map<string, Point[]>();
const MOST = 150;

function remember(scene: Scene): void {
  for (const e of scene.elements) {
    if (e.kind !== "lighthouse") continue;
    const f = e.facts as Record<string, unknown>, one: Point = { at: scene.at };
    for (const k of ["rate", "p50_ms", "p95_ms", "error_rate", "refused_rate"]) if (typeof f[k] === "number") one[k] = f[k] as number;
    const kept = history.get(e.id) ?? [];
    kept.push(one);
    if (kept.length > MOST) kept.shift();
    history.set(e.id, kept);
  }
}

export function useLive(): Live {
  const [live, set] = useState<Live>({ scene: null, linked: false });
  useEffect(() => {
    let socket: WebSocket | null = null;
    let timer = 0;
    let over = false;
    let heard = performance.now(), ticked = heard;
    const watch = window.setInterval(() => {
      const now = performance.now(), late = now - ticked > 4 * TICK; // the page itself was busy or asleep: its messages still wait
      ticked = now;
      if (late) heard = Math.max(heard, now - SILENCE / 2);
      if (now - heard > SILENCE) set((old) => (old.linked ? { ...old, linked: false } : old));
      if (now - heard > 3 * SILENCE) { // a link whose other end is gone may never report that it closed
        window.clearTimeout(timer);
        if (socket) { socket.onmessage = socket.onclose = null; socket.close(); }
        heard = now;
        open();
      }
    }, TICK);
    const open = () => {
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      socket = new WebSocket(`${scheme}://${location.host}/v1/world`);
      socket.onmessage = (event) => { heard = performance.now(); const scene = JSON.parse(event.data as string) as Scene; remember(scene); set({ scene, linked: true }); };
      socket.onclose = () => {
        set((old) => ({ ...old, linked: false }));
        if (!over) timer = window.setTimeout(open, 1500);
      };
    };
    open();
    return () => {
      over = true;
      window.clearTimeout(timer);
      window.clearInterval(watch);
      socket?.close();
    };
  }, []);
  return live;
}

export async function call<T>(path: string, body?: unknown): Promise<T> {
  const signal = AbortSignal.timeout(body === undefined ? PATIENCE : LONG_PATIENCE);
  const answer = await fetch(path, body === undefined ? { signal } : { method: "POST", body: JSON.stringify(body), signal });
  const said = (await answer.json()) as T & { detail?: string };
  if (!answer.ok) throw new Error(said.detail ?? `the server answered ${answer.status}`);
  return said;
}
