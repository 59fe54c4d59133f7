// The words of the pages in English and Chinese; an English sentence is its own key.
import { createContext, useContext } from "react";
import { ZH } from "./zh";

export type Tongue = "en" | "zh";
export type Say = (text: string, ...filled: (string | number)[]) => string;

export function sayer(tongue: Tongue): Say {
  return (text, ...filled) => {
    let k = 0;
    return (tongue === "zh" ? ZH[text] ?? text : text).replaceAll("{}", () => String(filled[k++] ?? ""));
  };
}

export function first(): Tongue {
  try { const kept = localStorage.getItem("mesocosm-tongue"); if (kept === "en" || kept === "zh") return kept; } catch { /* a private window */ }
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

export function keep(tongue: Tongue): void {
  try { localStorage.setItem("mesocosm-tongue", tongue); } catch { /* a private window */ }
  document.documentElement.lang = tongue;
}

export const Words = createContext<Say>(sayer("en"));
export const useWords = (): Say => useContext(Words);
