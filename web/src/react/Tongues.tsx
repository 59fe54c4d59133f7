// English or Chinese, for all that the pages say themselves.
import { createContext, useContext, useMemo, useState, type ReactNode } from "react";
import { first, keep, sayer, Words, type Tongue } from "../state/words";

const Choice = createContext<{ tongue: Tongue; choose: (t: Tongue) => void }>({ tongue: "en", choose: () => undefined });

export function Speaking({ children }: { children: ReactNode }) {
  const [tongue, set] = useState<Tongue>(() => { const t = first(); document.documentElement.lang = t === "zh" ? "zh-CN" : "en"; return t; });
  const say = useMemo(() => sayer(tongue), [tongue]);
  const choice = useMemo(() => ({ tongue, choose: (t: Tongue) => { keep(t); set(t); } }), [tongue]);
  return <Choice.Provider value={choice}><Words.Provider value={say}>{children}</Words.Provider></Choice.Provider>;
}

export function Tongues() {
  const { tongue, choose } = useContext(Choice);
  return tongue === "en" ? <button lang="zh" onClick={() => choose("zh")}>中文</button> : <button lang="en" onClick={() => choose("en")}>English</button>;
}
