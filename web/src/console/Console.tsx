// The console: pages by name in the address, one look in light and dark, English and Chinese.
import { useCallback, useEffect, useState } from "react";
import { call, useLive } from "../state/live";
import { useWords } from "../i18n/words";
import { LanguageSwitch } from "../i18n/LanguageSwitch";
import { Data } from "./Data";
import { Lineage } from "./Lineage";
import { Models } from "./Models";
import { Monitors } from "./Monitors";
import { Overview } from "./Overview";
import { Services } from "./Services";
import { Table, when, type All } from "./parts";

const PAGES = ["overview", "data", "models", "services", "monitors", "lineage", "audit"] as const;
type Page = (typeof PAGES)[number];
const here = (): [Page, string] => { const [page, ...rest] = location.hash.replace(/^#\//, "").split("/"); return [PAGES.find((p) => p === page) ?? "overview", decodeURIComponent(rest.join("/"))]; };

export function Console() {
  const t = useWords();
  const { scene, linked } = useLive(); // so that charts begin at once, and what changed is read at once
  const [[page, more], go] = useState(here);
  const [all, set] = useState<All | null>(null);
  const [fault, fail] = useState("");
  const load = useCallback(() => { void call<All>("/v1/ecosystem").then((a) => { set(a); fail(""); }, (e: Error) => fail(e.message)); }, []);
  const revision = scene?.revision;
  useEffect(() => { load(); }, [load, revision]);
  useEffect(() => { const timer = setInterval(load, 4000); return () => clearInterval(timer); }, [load]);
  useEffect(() => { const turn = () => { go(here()); window.scrollTo(0, 0); }; window.addEventListener("hashchange", turn); return () => window.removeEventListener("hashchange", turn); }, []);
  useEffect(() => { document.title = `${all?.scene.ecosystem ?? "Mesocosm"} · ${t(page)}`; }, [all?.scene.ecosystem, page, t]);
  if (!all) return <main className="wait"><p role={fault ? "alert" : "status"}>{fault ? t("The ecosystem does not answer: {}. This page tries again.", fault) : t("Waiting for the ecosystem…")}</p></main>;
  const open = all.alerts.filter((a) => !a.cleared_at).length;
  return (
    <div className="console">
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>{t("Skip to the page")}</a>
      <header className="top">
        <p className="brand">{all.scene.ecosystem}</p>
        <nav aria-label={t("Pages")}><ul>{PAGES.map((p) => <li key={p}><a href={`#/${p}`} aria-current={p === page ? "page" : undefined}>{t(p)}{p === "monitors" && open > 0 && <b className="count">{open}</b>}</a></li>)}</ul></nav>
        <p className={linked ? "live" : "live off"} role="status">{linked ? t("live") : t("link lost, trying again")} · {t("revision {}", all.scene.revision)}</p>
        <div className="doors"><a className="door" href="/world">{t("Enter the world")} →</a> <LanguageSwitch /></div>
      </header>
      <main id="main" tabIndex={-1}>
        <h1>{t(page)}</h1>
        {page === "overview" && <p className="about">{all.scene.about}</p>}
        {fault && <p className="bad" role="alert">{t("The last look failed: {}. What you see is from before.", fault)}</p>}
        {page === "overview" && <Overview all={all} />}
        {page === "data" && <Data all={all} />}
        {page === "models" && <Models all={all} />}
        {page === "services" && <Services all={all} follow={(id) => { location.hash = `#/lineage/${encodeURIComponent(id)}`; }} again={load} />}
        {page === "monitors" && <Monitors all={all} again={load} />}
        {page === "lineage" && <Lineage asked={more} ask={(id) => { location.hash = `#/lineage/${encodeURIComponent(id)}`; }} />}
        {page === "audit" && <Table label={t("Who did what")} head={[t("when"), t("who"), t("what was done"), t("to what"), t("why")]} rows={all.audit.map((a) => [when(a.at), a.who, a.act, a.what, a.why])} />}
      </main>
    </div>
  );
}
