// Two pages from one bundle: the console at / and the world at /world.
import "@fontsource/inter/latin-400.css";
import "@fontsource/inter/latin-600.css";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./console/Console";
import { LanguageProvider } from "./i18n/LanguageSwitch";
import "./styles/index.css";

const World = lazy(() => import("./world/World").then((m) => ({ default: m.World })));

function Page() {
  if (!location.pathname.startsWith("/world")) return <Console />;
  const waiting = (
    <main className="wait">
      <p>Opening the valley…</p>
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
if (location.search.includes("token="))
  history.replaceState(null, "", location.pathname + location.hash);
createRoot(root).render(
  <StrictMode>
    <LanguageProvider>
      <Page />
    </LanguageProvider>
  </StrictMode>,
);
