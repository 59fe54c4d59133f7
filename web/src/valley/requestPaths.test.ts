import { expect, test } from "vitest";
import { element, scene } from "../testing";
import { MOST_FIREFLIES, swarm, wayOf } from "./requestPaths";

const THINGS = [
  element("sources.s", { kind: "spring" }),
  element("datasets.l", { needs: ["sources.s"] }),
  element("models.t", { kind: "tree", needs: ["datasets.l"] }),
  element("services.h", { kind: "lighthouse", needs: ["datasets.l", "models.t"], traffic: 2 }),
];

test("a request comes from a spring by its lake and its tree down to the lamp", () => {
  const way = wayOf("services.h", new Map(THINGS.map((e) => [e.id, e])));
  expect(way.map((e) => e.id)).toEqual(["sources.s", "datasets.l", "models.t", "services.h"]);
});

test("a lamp that there is not has no way", () =>
  expect(wayOf("services.x", new Map())).toEqual([]));

test("a service has as many fireflies as requests of the last seconds", () => {
  const { many, each } = swarm(scene(THINGS));
  expect([many.get("services.h"), each]).toEqual([10, 1]);
});

test("many requests share a firefly", () => {
  const busy = element("services.h", { kind: "lighthouse", traffic: 8000 });
  const { many, each } = swarm(scene([busy]));
  expect(each).toBe(4);
  expect(many.get("services.h")).toBe(MOST_FIREFLIES);
});
