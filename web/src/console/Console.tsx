// The console: pages by name in the address, one look in light and dark, English and Chinese.
import { useCallback, useEffect, useState } from "react";
import { LanguageSwitch, useLanguage } from "../i18n/LanguageSwitch";
import { nameOf } from "../i18n/names";
import { useWords } from "../i18n/words";
import { when } from "../shared/format";
import type { AuditEntry, Ecosystem } from "../state/consoleWire";
import { call, useLive } from "../state/live";
import { Data } from "./Data";
import { Lineage } from "./Lineage";
import { Models } from "./models/Models";
import { Monitors } from "./Monitors";
import { Overview } from "./Overview";
import { Fault, Table } from "./parts";
import { Services } from "./Services";

const PAGES = ["overview", "data", "models", "services", "monitors", "lineage", "audit"] as const;
type Page = (typeof PAGES)[number];
const EVERY_MS = 4000; // between two looks at the whole

/** The page that the address names, and what stands behind its name. */
function pageOfAddress(): [Page, string] {
  const [page, ...rest] = location.hash.replace(/^#\//, "").split("/");
  return [PAGES.find((p) => p === page) ?? "overview", decodeURIComponent(rest.join("/"))];
}

function usePage(): [Page, string] {
  const [page, setPage] = useState(pageOfAddress);
  useEffect(() => {
    const turn = () => {
      setPage(pageOfAddress());
      window.scrollTo(0, 0);
    };
    window.addEventListener("hashchange", turn);
    return () => window.removeEventListener("hashchange", turn);
  }, []);
  return page;
}

/** All that is, read anew when the world changes and every few seconds. */
function useEcosystem(revision: number | undefined) {
  const language = useLanguage(); // the server's sentences are in it
  const [all, setAll] = useState<Ecosystem | null>(null);
  const [fault, setFault] = useState("");
  const load = useCallback(() => {
    void call<Ecosystem>("/v1/ecosystem").then(
      (answer) => {
        setAll(answer);
        setFault("");
      },
      (error: Error) => setFault(error.message),
    );
  }, []);
  useEffect(() => {
    load();
  }, [load, revision, language]);
  useEffect(() => {
    const timer = setInterval(load, EVERY_MS);
    return () => clearInterval(timer);
  }, [load]);
  return { all, fault, load };
}

export function Console() {
  const t = useWords();
  const { scene, linked } = useLive(); // so that charts begin at once, and what changed is read at once
  const [page, more] = usePage();
  const { all, fault, load } = useEcosystem(scene?.revision);
  useEffect(() => {
    document.title = `${all?.scene.ecosystem ?? "Mesocosm"} · ${t(page)}`;
  }, [all?.scene.ecosystem, page, t]);
  if (!all) return <Waiting fault={fault} />;
  return (
    <div className="console">
      <SkipLink />
      <Top all={all} page={page} linked={linked} />
      <main id="main" tabIndex={-1}>
        <h1>{t(page)}</h1>
        {page === "overview" && <p className="about">{all.scene.about}</p>}
        <Fault
          text={fault && t("The last check failed: {}. What you see is from before.", fault)}
        />
        <PageOf page={page} more={more} all={all} load={load} />
      </main>
    </div>
  );
}

function Waiting({ fault }: { fault: string }) {
  const t = useWords();
  return (
    <main className="wait">
      <p role={fault ? "alert" : "status"}>
        {fault
          ? t("The ecosystem does not answer: {}. This page tries again.", fault)
          : t("Waiting for the ecosystem…")}
      </p>
    </main>
  );
}

function SkipLink() {
  const t = useWords();
  return (
    <a
      className="skip"
      href="#main"
      onClick={(e) => {
        e.preventDefault();
        document.getElementById("main")?.focus();
      }}
    >
      {t("Skip to the page")}
    </a>
  );
}

function Top({ all, page, linked }: { all: Ecosystem; page: Page; linked: boolean }) {
  const t = useWords();
  const open = all.alerts.filter((a) => !a.cleared_at).length;
  return (
    <header className="top">
      <p className="brand">{all.scene.ecosystem}</p>
      <nav aria-label={t("Pages")}>
        <ul>
          {PAGES.map((p) => (
            <li key={p}>
              <a href={`#/${p}`} aria-current={p === page ? "page" : undefined}>
                {t(p)}
                {p === "monitors" && open > 0 && <b className="count">{open}</b>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <p className={linked ? "live" : "live off"} role="status">
        {linked ? t("live") : t("link lost, trying again")} · {t("revision {}", all.scene.revision)}
      </p>
      <div className="doors">
        <a className="door" href="/world">
          {t("Enter the world")} →
        </a>{" "}
        <LanguageSwitch />
      </div>
    </header>
  );
}

function PageOf({
  page,
  more,
  all,
  load,
}: {
  page: Page;
  more: string;
  all: Ecosystem;
  load: () => void;
}) {
  const follow = (id: string) => {
    location.hash = `#/lineage/${encodeURIComponent(id)}`;
  };
  switch (page) {
    case "overview":
      return <Overview all={all} />;
    case "data":
      return <Data all={all} />;
    case "models":
      return <Models all={all} />;
    case "services":
      return <Services all={all} follow={follow} reload={load} />;
    case "monitors":
      return <Monitors all={all} reload={load} />;
    case "lineage":
      return <Lineage asked={more} ask={follow} />;
    case "audit":
      return <Audit entries={all.audit} />;
  }
}

function Audit({ entries }: { entries: AuditEntry[] }) {
  const t = useWords();
  return (
    <Table
      label={t("Audit log")}
      head={[t("when"), t("who"), t("action"), t("target"), t("why")]}
      rows={entries.map((a) => [
        when(a.at),
        nameOf("who", a.who),
        nameOf("act", a.act),
        a.what,
        a.why,
      ])}
    />
  );
}
