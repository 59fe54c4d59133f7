// A monitor is a weather vane: it points where it points while all is well, and turns while an alert is open.
import { box, cone, matte, rod, solid, type V3 } from "../scene/shapes";
import { HERE, STATE, type Kind } from "./kind";

export const vane: Kind = () => {
  const pole = solid([
    { shape: rod(0.1, 0.16, 4.4), colour: "#4a4f5a", at: [0, 2.2, 0] },
    { shape: rod(0.5, 0.7, 0.4, 12), colour: "#a39b8c", at: [0, 0.15, 0] },
    ...[0, 1].map((k) => ({
      shape: box(1.5, 0.07, 0.07),
      colour: "#4a4f5a",
      at: [0, 3.55, 0] as V3,
      turn: [0, (k * Math.PI) / 2, 0] as V3,
    })),
  ]);
  const arrow = solid([
    { shape: box(3, 0.14, 0.14), colour: "#ffffff" },
    { shape: cone(0.34, 0.8, 4), colour: "#ffffff", at: [1.8, 0, 0], turn: [0, 0, -Math.PI / 2] },
    { shape: box(0.8, 0.7, 0.08), colour: "#ffffff", at: [-1.4, 0.2, 0] },
  ]);
  return [
    {
      name: "pole",
      body: "metres",
      shape: pole,
      paint: matte(),
      shadow: true,
      put: () => HERE,
    },
    {
      name: "arrow",
      shape: arrow,
      paint: matte({ emissive: "#221a0c" }),
      shadow: true,
      spin: { axis: "y", speed: (e) => (e.state === "alarm" ? 2.2 : 0) },
      put: (e) => [{ at: [0, 4.4, 0], turn: 0.4, colour: STATE[e.state] }],
    },
  ];
};
