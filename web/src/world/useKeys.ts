// Keys that do something wherever one is on the page, but in a field.
import { useEffect, useRef } from "react";
import { isTyping } from "../shared/isTyping";

export type Keys = Record<string, () => void>;

export function useKeys(keys: Keys): void {
  const now = useRef(keys);
  useEffect(() => {
    now.current = keys;
  });
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (isTyping() || e.ctrlKey || e.metaKey || e.altKey) return;
      if (Object.hasOwn(now.current, e.key)) now.current[e.key]();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
