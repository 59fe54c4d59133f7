// A stick pushed aside turns by 30 degrees at once, and again only after it came back.
import { useFrame } from "@react-three/fiber";
import { useXRInputSourceState } from "@react-three/xr";
import { useRef } from "react";

const SNAP = Math.PI / 6;
const PUSHED = 0.7;
const BACK = 0.3;

export function SnapTurn({ onTurn }: { onTurn: (by: number) => void }) {
  const right = useXRInputSourceState("controller", "right");
  const left = useXRInputSourceState("controller", "left");
  const held = useRef(false);
  useFrame(() => {
    const [a, b] = [right, left].map((c) => c?.gamepad["xr-standard-thumbstick"]?.xAxis ?? 0);
    const x = Math.abs(a) > Math.abs(b) ? a : b;
    if (Math.abs(x) > PUSHED && !held.current) {
      held.current = true;
      onTurn(x > 0 ? -SNAP : SNAP);
    }
    if (Math.abs(x) < BACK) held.current = false;
  });
  return null;
}
