// English or Chinese, for all that the pages say themselves.
import { createContext, useContext, useMemo, useState, type ReactNode } from "react";
import { first, keep, sayer, Words, type Language } from "./words";

const Choice = createContext<{ language: Language; choose: (t: Language) => void }>({ language: "en", choose: () => undefined });

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, set] = useState<Language>(() => { const t = first(); document.documentElement.lang = t === "zh" ? "zh-CN" : "en"; return t; });
  const say = useMemo(() => sayer(language), [language]);
  const choice = useMemo(() => ({ language, choose: (t: Language) => { keep(t); set(t); } }), [language]);
  return <Choice.Provider value={choice}><Words.Provider value={say}>{children}</Words.Provider></Choice.Provider>;
}

export function LanguageSwitch() {
  const { language, choose } = useContext(Choice);
  return language === "en" ? <button lang="zh" onClick={() => choose("zh")}>中文</button> : <button lang="en" onClick={() => choose("en")}>English</button>;
}
