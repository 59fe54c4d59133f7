// English or Chinese, for all that the pages say themselves.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { firstLanguage, keepLanguage, markLanguage, sayer, Words, type Language } from "./words";

interface Choice {
  language: Language;
  choose: (language: Language) => void;
}

const Chosen = createContext<Choice>({ language: "en", choose: () => undefined });

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => markLanguage(language), [language]);
  const say = useMemo(() => sayer(language), [language]);
  const choice = useMemo(
    () => ({
      language,
      choose: (chosen: Language) => {
        keepLanguage(chosen);
        setLanguage(chosen);
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

export function LanguageSwitch() {
  const { language, choose } = useContext(Chosen);
  if (language === "en")
    return (
      <button lang="zh" onClick={() => choose("zh")}>
        中文
      </button>
    );
  return (
    <button lang="en" onClick={() => choose("en")}>
      English
    </button>
  );
}
