// English or Chinese, for all that the pages say and ask the server for.
import { createContext, useContext, useMemo, useState, type ReactNode } from "react";
import { nameFaces } from "../fonts/chinese";
import { keepLanguage, sayer, setPageLanguage, Words, type Language } from "./words";

interface Choice {
  language: Language;
  choose: (language: Language) => void;
}

const Chosen = createContext<Choice>({ language: "en", choose: () => undefined });

function take(language: Language): Language {
  setPageLanguage(language);
  if (language === "zh") void nameFaces();
  return language;
}

export function LanguageProvider({ first, children }: { first: Language; children: ReactNode }) {
  const [language, setLanguage] = useState(() => take(first));
  const say = useMemo(() => sayer(language), [language]);
  const choice = useMemo(
    () => ({
      language,
      choose: (chosen: Language) => {
        keepLanguage(chosen);
        setLanguage(take(chosen));
      },
    }),
    [language],
  );
  return (
    <Chosen.Provider value={choice}>
      <Words.Provider value={say}>{children}</Words.Provider>
    </Chosen.Provider>
  );
}

export const useLanguage = (): Language => useContext(Chosen).language;

export function LanguageSwitch() {
  const { language, choose } = useContext(Chosen);
  const [other, name] =
    language === "en" ? (["zh", "中文"] as const) : (["en", "English"] as const);
  return (
    <button className="switch" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => choose(other)}>
      {name}
    </button>
  );
}
