// The way into a headset, and which ways this browser has.
import { createXRStore } from "@react-three/xr";
import { useEffect, useState } from "react";

const PRESS = { clickThresholdMs: 4000 }; // a press may be slow: 300 ms, as the library has it, is less than some hands and some frames take

export const xrStore = createXRStore({
  emulate: false,
  offerSession: false,
  baseAssetPath: `${location.origin}/profiles/`,
  controller: { teleportPointer: true, rayPointer: PRESS },
  hand: { teleportPointer: true, rayPointer: PRESS },
});

const MODES = { vr: "immersive-vr", ar: "immersive-ar" } as const;
export type Doors = Record<keyof typeof MODES, boolean>;

export function useDoors(): Doors {
  const [doors, setDoors] = useState<Doors>({ vr: false, ar: false });
  useEffect(() => {
    for (const door of ["vr", "ar"] as const)
      navigator.xr?.isSessionSupported(MODES[door]).then(
        (open) => setDoors((old) => ({ ...old, [door]: open })),
        () => undefined,
      );
  }, []);
  return doors;
}
