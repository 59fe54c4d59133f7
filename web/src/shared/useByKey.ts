// Values that are made anew at every look, though nothing changed that matters.
import { useState } from "react";

/** The value as it was when its key last changed. */
export function useByKey<T>(value: T, key: string): T {
  const [kept, setKept] = useState({ key, value });
  if (kept.key === key) return kept.value;
  setKept({ key, value });
  return value;
}

/** The value as it was when its key last changed and it was ready; `none` before the first. */
export function useReadyByKey<T>(value: T, key: string, ready: boolean, none: T): T {
  const [kept, setKept] = useState<{ key: string | null; value: T }>({ key: null, value: none });
  if (!ready || kept.key === key) return kept.value;
  setKept({ key, value });
  return value;
}
