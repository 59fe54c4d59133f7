// The words of the pages in English and Chinese; an English sentence is its own key.
import { createContext, useContext } from "react";
import type { Element } from "../state/wire";
import { ZH } from "./zh";

export type Language = "en" | "zh";
export type Say = (text: string, ...filled: (string | number)[]) => string;

export function sayer(language: Language): Say {
  return (text, ...filled) => {
    let k = 0;
    return (language === "zh" ? ZH[text] ?? text : text).replaceAll(/\{(\d?)\}/g, (_, which: string) => String(filled[which === "" ? k++ : Number(which)] ?? ""));
  };
}

export function first(): Language {
  try { const kept = localStorage.getItem("mesocosm-tongue"); if (kept === "en" || kept === "zh") return kept; } catch { /* a private window */ }
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

export function keep(language: Language): void {
  try { localStorage.setItem("mesocosm-tongue", language); } catch { /* a private window */ }
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

export const Words = createContext<Say>(sayer("en"));
export const useWords = (): Say => useContext(Words);

/** Whether a thing runs; a service that nobody asked lately is not known, and runs. */
export const runs = (e: Element): boolean => (e.kind === "lighthouse" ? "rate" in e.facts : e.state !== "unknown");

/** What a thing says of itself: the server's English sentence, or the same facts in the page's own words. */
export function sentence(e: Element, t: Say): string {
  if (t("live") === "live") return e.says;
  const f = e.facts as Record<string, string | number>;
  const fault = f.fault_kind ? `；${t(`fault: ${f.fault_kind}`)}` : "";
  if (e.kind === "spring") return t(e.level === null ? "Source {}: {}, not read yet" : "Source {}: {}", e.name, f.type ?? "") + fault;
  if (e.kind === "lake") return f.snapshot ? t("Dataset {}: {} rows kept of {}, {} quarantined, {} duplicates; quality {}", e.name, f.kept!, f.in!, f.quarantined!, f.duplicates!, Number(f.quality).toFixed(2)) + fault : t("Dataset {}: not built yet", e.name);
  if (e.kind === "tree") return f.version ? t("Model {}: {} in service", e.name, f.version) + fault : t("Model {}: not grown yet", e.name);
  if (e.kind === "lighthouse") return f.version ? (f.error_rate == null ? t("Service {}: {}, no requests in the last minute", e.name, f.version) : t("Service {}: {}, {} requests/s", e.name, f.version, e.traffic.toFixed(2))) : t("Service {}: nothing deployed yet", e.name);
  if (e.id.startsWith("monitors.")) return f.open ? t("Monitor {}: {} open", e.name, f.open) : t("Monitor {}: nothing open", e.name);
  const storm = e.stalls.find((s) => s.state === "alarm");
  if (storm) return t("Place {}: a storm over {}", e.name, storm.name);
  return e.inhabitant ? t("Place {}, {} is here", e.name, e.inhabitant) : t("Place {}", e.name);
}
