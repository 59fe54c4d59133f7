// The words of the pages in English and Chinese; an English sentence is its own key.
import { createContext, useContext } from "react";
import { ZH } from "./zh";

export type Language = "en" | "zh";
export type Say = (text: string, ...filled: (string | number)[]) => string;
const KEY = "mesocosm-tongue"; // as browsers have it since the first version

const HAN = /\p{Script=Han}/u;
const areHan = (one: string | undefined, other: string | undefined): boolean =>
  HAN.test(one ?? "") && HAN.test(other ?? "");

/** Puts values into a sentence: `{}` takes the next one, `{1}` the second. The space around a value is for Latin letters; between two characters of Chinese it goes. */
function fill(text: string, filled: (string | number)[]): string {
  let next = 0;
  return text.replaceAll(
    /( ?)\{(\d?)\}( ?)/g,
    (whole: string, before: string, which: string, after: string, start: number) => {
      const at = which === "" ? next++ : Number(which);
      const value = String(filled[at] ?? "");
      const left = areHan(text[start - 1], value[0]) ? "" : before;
      const right = areHan(value.at(-1), text[start + whole.length]) ? "" : after;
      return left + value + right;
    },
  );
}

export function sayer(language: Language): Say {
  return (text, ...filled) =>
    fill(language === "zh" && Object.hasOwn(ZH, text) ? ZH[text] : text, filled);
}

const languageOf = (tag: string): Language | undefined =>
  (["en", "zh"] as const).find((one) => tag.toLowerCase().split(/[-_]/)[0] === one);

/** What keeps a choice; nothing in a private window. */
function kept(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** The language that the address asks for, or that was chosen, or else the browser's. */
export function firstLanguage(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? "";
  const tags = [asked, kept(), ...navigator.languages];
  return tags.map(languageOf).find(Boolean) ?? "en";
}

let page: Language = "en";

/** The language of the page, for what is no part of it: requests, times and figures. */
export const pageLanguage = (): Language => page;

/** The locale in which times and figures are written. */
export function pageLocale(): string {
  if (page === "zh") return "zh-CN";
  return languageOf(navigator.language) === page ? navigator.language : page;
}

/** Says something outside of the page's tree, in the page's language. */
export const sayNow: Say = (text, ...filled) => sayer(page)(text, ...filled);

/** Makes a language the page's; the browser and its screen reader are told too. */
export function setPageLanguage(language: Language): void {
  page = language;
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
