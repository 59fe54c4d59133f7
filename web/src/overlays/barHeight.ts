// How much of the window the bar and the notices beneath it take, for what stands under them: the bar has more lines in a narrow window.
import { useEffect, useRef, type RefObject } from "react";

export function useBarHeight(): RefObject<HTMLElement | null> {
  const root = useRef<HTMLElement | null>(null);
  useEffect(() => {
    const fit = () => {
      const bar = root.current?.querySelector<HTMLElement>(".bar");
      const foot = root.current?.querySelector<HTMLElement>(".foot");
      if (!root.current || !bar || !foot) return;
      root.current.style.setProperty("--bar", `${String(bar.offsetTop + bar.offsetHeight)}px`);
      root.current.style.setProperty("--notes", `${String(foot.offsetTop)}px`);
    };
    fit();
    window.addEventListener("resize", fit);
    return () => window.removeEventListener("resize", fit);
  });
  return root;
}
