// Two pages from one bundle: the console at / and the world at /world.
import "@fontsource/inter/latin-400.css";
import "@fontsource/inter/latin-600.css";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./console/Console";
import { noticeChinese } from "./fonts/chinese";
import "./fonts/switch.css";
import { LanguageProvider } from "./i18n/LanguageSwitch";
import { firstLanguage, keepLanguage, useWords } from "./i18n/words";
import "./styles/index.css";

const World = lazy(() => import("./world/World").then((m) => ({ default: m.World })));

function Page() {
  const t = useWords();
  if (!location.pathname.startsWith("/world")) return <Console />;
  const waiting = (
    <main className="wait">
      <p>{t("Opening the valley…")}</p>
    </main>
  );
  return (
    <Suspense fallback={waiting}>
      <World />
    </Suspense>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("the page has no place for itself");
const language = firstLanguage();
const address = new URLSearchParams(location.search);
if (address.has("lang")) keepLanguage(language);
if (address.has("token") || address.has("lang")) {
  address.delete("token");
  address.delete("lang");
  const rest = address.size > 0 ? `?${address.toString()}` : "";
  history.replaceState(null, "", location.pathname + rest + location.hash);
}
document.addEventListener("input", ({ target }) => {
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)
    noticeChinese(target.value);
});
createRoot(root).render(
  <StrictMode>
    <LanguageProvider first={language}>
      <Page />
    </LanguageProvider>
  </StrictMode>,
);
