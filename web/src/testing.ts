// Things as tests need them: an element with what a test says of it, and a scene of some.
import type { Element, Scene } from "./state/wire";

export function element(id: string, more: Partial<Element> = {}): Element {
  return {
    id,
    kind: "lake",
    name: id.split(".").at(-1) ?? id,
    x: 0,
    z: 0,
    altitude: 0,
    depth: 0,
    needs: [],
    state: "fine",
    level: null,
    clarity: null,
    height: null,
    rings: 0,
    traffic: 0,
    age: null,
    share: null,
    steps: [],
    private: [],
    species: null,
    sapling: null,
    weather: [],
    form: null,
    stalls: [],
    says: "",
    facts: {},
    inhabitant: null,
    speaks_for: null,
    ...more,
  };
}

export function scene(elements: Element[], more: Partial<Scene> = {}): Scene {
  return {
    ecosystem: "test",
    about: "",
    style: "",
    seed: 7,
    revision: 1,
    at: 0,
    season: null,
    elements,
    alerts: [],
    fireflies: [],
    models: [],
    landscape: "",
    light: "",
    ...more,
  };
}
