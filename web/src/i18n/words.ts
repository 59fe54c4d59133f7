// The words of the pages in English and Chinese; an English sentence is its own key.
import { createContext, useContext } from "react";
import { ZH } from "./zh";

export type Language = "en" | "zh";
export type Say = (text: string, ...filled: (string | number)[]) => string;
const KEY = "mesocosm-tongue"; // as browsers have it since the first version

/** Puts values into a sentence: `{}` takes the next one, `{1}` the second. */
function fill(text: string, filled: (string | number)[]): string {
  let next = 0;
  return text.replaceAll(/\{(\d?)\}/g, (_, which: string) => {
    const at = which === "" ? next++ : Number(which);
    return String(filled[at] ?? "");
  });
}

export function sayer(language: Language): Say {
  return (text, ...filled) => fill(language === "zh" ? (ZH[text] ?? text) : text, filled);
}

/** The language that was chosen, or else the browser's. */
export function firstLanguage(): Language {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "en" || kept === "zh") return kept;
  } catch {
    /* a private window */
  }
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

/** Tells the browser and its screen reader the language of the page. */
export function markLanguage(language: Language): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    /* a private window */
  }
}

export const Words = createContext<Say>(sayer("en"));
export const useWords = (): Say => useContext(Words);
