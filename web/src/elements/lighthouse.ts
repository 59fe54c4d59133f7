// A service is a lighthouse: the beam turns with its requests, its colour is health, and a second lamp shares the beam while a version comes in.
import * as THREE from "three";
import { box, cone, matte, rod, solid, stone, type V3 } from "../scene/shapes";
import type { Element } from "../state/wire";
import { HERE, STATE, type Kind } from "./kind";

const turn = (e: Element): number => 0.15 + Math.min(2.5, e.traffic * 0.4);

// A beam that fades with distance: one cone each way, lying along x.
function beam(): THREE.BufferGeometry {
  return solid(
    [0, 1].map((k) => ({
      shape: new THREE.CylinderGeometry(0.3, 2.3, 20, 18, 1, true).translate(0, -10.4, 0),
      colour: "#ffffff",
      turn: [0, 0, k ? -Math.PI / 2 : Math.PI / 2] as V3,
    })),
  );
}

function towerShape(fine: boolean): THREE.BufferGeometry {
  const sides = fine ? 22 : 9;
  return solid([
    ...Array.from({ length: 7 }, (_, i) => ({
      shape: rod(1.44 - i * 0.1, 1.54 - i * 0.1, 1.45, sides),
      colour: i % 2 ? "#cf4f3e" : "#f8f3e8",
      at: [0, 0.9 + i * 1.45, 0] as V3,
    })),
    { shape: rod(2.3, 2.6, 0.5, sides), colour: "#b9b0a0", at: [0, 0.15, 0] },
    { shape: rod(1.4, 1.15, 0.35, sides), colour: "#3a3f4a", at: [0, 10.4, 0] },
    { shape: cone(1.1, 1.0, sides), colour: "#a63d31", at: [0, 12.6, 0] },
    { shape: rod(0.05, 0.05, 0.9, 6), colour: "#3a3f4a", at: [0, 13.4, 0] },
    { shape: box(0.62, 1.2, 0.12), colour: "#5d4330", at: [0, 0.9, 1.5] },
    ...[2.6, 5.5, 8.4].map((y, i) => ({
      shape: box(0.34, 0.5, 0.1),
      colour: "#39465a",
      at: [0, y, 1.38 - i * 0.2] as V3,
    })),
    ...Array.from({ length: fine ? 10 : 0 }, (_, i) => ({
      shape: rod(0.035, 0.035, 0.7, 5),
      colour: "#3a3f4a",
      at: [Math.cos(i * 0.628) * 1.28, 10.9, Math.sin(i * 0.628) * 1.28] as V3,
    })),
    ...Array.from({ length: fine ? 9 : 4 }, (_, i) => ({
      shape: stone(0.5 + (i % 3) * 0.22),
      colour: "#a39b8c",
      at: [Math.cos(i * 0.7) * 2.9, 0.15, Math.sin(i * 0.7) * 2.9] as V3,
      turn: [i, i, 0] as V3,
    })),
  ]);
}

/** A paint that fades along the beam. */
function fadingPaint(night: boolean): THREE.Material {
  const fade = new THREE.MeshBasicMaterial({
    transparent: true,
    opacity: night ? 0.5 : 0.3,
    depthWrite: false,
    blending: THREE.AdditiveBlending,
    side: THREE.DoubleSide,
    toneMapped: false,
  });
  fade.onBeforeCompile = (s) => {
    s.vertexShader = s.vertexShader
      .replace("#include <common>", "#include <common>\nvarying float along;")
      .replace(
        "#include <begin_vertex>",
        "#include <begin_vertex>\nalong = abs(position.x) / 20.4;",
      );
    s.fragmentShader = s.fragmentShader
      .replace("#include <common>", "#include <common>\nvarying float along;")
      .replace(
        "#include <opaque_fragment>",
        "diffuseColor.a *= pow(1.0 - along, 1.8);\n#include <opaque_fragment>",
      );
  };
  return fade;
}

export const lighthouse: Kind = ({ p, fine }) => {
  const fade = fadingPaint(p.night);
  const glow = (e: Element) => (e.state === "unknown" ? "#6b737d" : STATE[e.state]);
  return [
    {
      name: "tower",
      body: "metres",
      shape: towerShape(fine),
      paint: matte({ flatShading: false, roughness: 0.75 }),
      shadow: true,
      put: () => HERE,
    },
    {
      name: "lamp",
      shape: rod(0.68, 0.68, 1.3, 16),
      paint: new THREE.MeshBasicMaterial({ toneMapped: false }),
      put: (e) => [
        { at: [0, 11.35, 0], colour: glow(e) },
        ...(e.share
          ? [{ at: [0, 9.3, 1.5] as V3, size: 0.3 + 0.6 * e.share, colour: "#9fe3ff" }]
          : []),
      ],
    },
    {
      name: "beam",
      shape: beam(),
      paint: fade,
      spin: { axis: "y", speed: turn },
      put: (e) => (e.state === "unknown" ? [] : [{ at: [0, 11.35, 0], colour: STATE[e.state] }]),
    },
    {
      name: "beam-of-the-new",
      shape: beam(),
      paint: fade,
      spin: { axis: "y", speed: turn },
      put: (e) =>
        e.share
          ? [{ at: [0, 9.3, 0], size: [0.35 + 0.65 * e.share, 0.6, 0.6], colour: "#9fe3ff" }]
          : [],
    },
  ];
};
