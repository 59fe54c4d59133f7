// The ways that requests take through the valley: spring, lake, tree, lamp; and how many fly on each.
import type { Element, Scene } from "../state/wire";

export const MOST_FIREFLIES = 10_000;
const SECONDS = 5; // of requests that are in the air
const LONGEST = 12; // things on a way
const ABOVE = ["tree", "lake", "spring"]; // what a way leads up to first

/** How high a request passes a thing, in metres. */
export const LIFT: Record<Element["kind"], number> = {
  spring: 3,
  lake: 1.2,
  tree: 7,
  lighthouse: 11.3,
  vane: 4,
  counter: 3,
};

/** The way a request's answer came: from a spring down to the lamp. */
export function wayOf(id: string, by: Map<string, Element>): Element[] {
  const lamp = by.get(id);
  const way = lamp ? [lamp] : [];
  let at = lamp;
  while (at && way.length < LONGEST) {
    const above = at.needs.flatMap((need) => by.get(need) ?? []);
    above.sort((a, b) => ABOVE.indexOf(a.kind) - ABOVE.indexOf(b.kind));
    at = above.at(0);
    if (at) way.unshift(at);
  }
  return way;
}

/** How many requests of late each service answered. */
function requestsOf(scene: Scene): Map<string, number> {
  const many = new Map<string, number>();
  for (const firefly of scene.fireflies) {
    const id = `services.${firefly.service}`;
    many.set(id, (many.get(id) ?? 0) + 1);
  }
  for (const e of scene.elements) {
    if (e.kind !== "lighthouse" || e.traffic <= 0) continue;
    many.set(e.id, Math.max(many.get(e.id) ?? 0, Math.round(e.traffic * SECONDS)));
  }
  return many;
}

/** How many fireflies each service has, and how many requests one stands for. */
export function swarm(scene: Scene): { many: Map<string, number>; each: number } {
  const many = requestsOf(scene);
  const all = [...many.values()].reduce((sum, n) => sum + n, 0);
  const each = Math.max(1, all / MOST_FIREFLIES);
  if (each > 1) for (const [id, n] of many) many.set(id, Math.floor(n / each));
  return { many, each };
}
