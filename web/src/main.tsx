// Two pages from one bundle: the console at / and the world at /world.
import "@fontsource/inter/latin-400.css";
import "@fontsource/inter/latin-600.css";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./console/Console";
import { LanguageProvider } from "./i18n/LanguageSwitch";
import "./style.css";

const World = lazy(() => import("./world/World").then((m) => ({ default: m.World })));
const page = location.pathname.startsWith("/world") ? <Suspense fallback={<main className="wait"><p>Opening the valley…</p></main>}><World /></Suspense> : <Console />;
if (location.search.includes("token=")) history.replaceState(null, "", location.pathname + location.hash);
createRoot(document.getElementById("root")!).render(<StrictMode><LanguageProvider>{page}</LanguageProvider></StrictMode>);
