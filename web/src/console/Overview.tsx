// The overview: how the ecosystem is, and what wants somebody.
import { useEffect, useState } from "react";
import { useWords } from "../i18n/words";
import { decimals, thousands, when } from "../shared/format";
import type { Ecosystem, Moment } from "../state/consoleWire";
import { call } from "../state/live";
import { Attention } from "./Attention";
import { RunningWork } from "./RunningWork";
import { Empty } from "./parts";

const MOMENTS = 12; // moments shown at most

export function Overview({ all }: { all: Ecosystem }) {
  return (
    <>
      <ul className="tiles">
        <QualityTile all={all} />
        <ModelsTile all={all} />
        <RequestsTile all={all} />
        <AlertsTile all={all} />
      </ul>
      <Attention all={all} />
      <RunningWork />
      <Happened revision={all.scene.revision} />
      <Size all={all} />
    </>
  );
}

function Tile({
  name,
  figure,
  says,
  to,
}: {
  name: string;
  figure: string;
  says: string;
  to: string;
}) {
  return (
    <li>
      <a href={to}>
        <small>{name}</small>
        <b>{figure}</b>
        <span>{says}</span>
      </a>
    </li>
  );
}

function QualityTile({ all }: { all: Ecosystem }) {
  const t = useWords();
  const quality = Object.values(all.datasets).map((d) => d.report.quality);
  return (
    <Tile
      name={t("data quality")}
      figure={quality.length ? decimals(Math.min(...quality), 2) : "–"}
      says={t("the lowest of {} datasets", quality.length)}
      to="#/data"
    />
  );
}

function ModelsTile({ all }: { all: Ecosystem }) {
  const t = useWords();
  const models = Object.values(all.models);
  const serving = models.filter((versions) => versions.some((v) => v.state === "champion"));
  return (
    <Tile
      name={t("models")}
      figure={String(serving.length)}
      says={t("in service of {}", models.length)}
      to="#/models"
    />
  );
}

function RequestsTile({ all }: { all: Ecosystem }) {
  const t = useWords();
  const figures = Object.values(all.services).map((s) => s.figures);
  const rate = figures.reduce((sum, f) => sum + f.rate, 0);
  const asked = figures.filter((f) => f.error_rate !== null);
  const worst = (key: "p95_ms" | "error_rate" | "refused_rate") =>
    Math.max(...asked.map((f) => f[key] ?? 0));
  const waited = asked.some((f) => f.p95_ms !== null);
  return (
    <Tile
      name={t("requests")}
      figure={t("{}/s", rate.toFixed(2))}
      says={
        asked.length
          ? t(
              "p95 {} ms, errors {} %, refused {} %",
              waited ? worst("p95_ms").toFixed(0) : "–",
              (worst("error_rate") * 100).toFixed(2),
              (worst("refused_rate") * 100).toFixed(1),
            )
          : t("no requests in the last minute")
      }
      to="#/services"
    />
  );
}

function AlertsTile({ all }: { all: Ecosystem }) {
  const t = useWords();
  const open = all.alerts.filter((a) => !a.cleared_at).length;
  return (
    <Tile
      name={t("alerts")}
      figure={String(open)}
      says={open ? t("open now") : t("nothing is open")}
      to="#/monitors"
    />
  );
}

function Happened({ revision }: { revision: number }) {
  const t = useWords();
  const [moments, setMoments] = useState<Moment[]>([]);
  useEffect(() => {
    void call<Moment[]>("/v1/moments").then(setMoments, () => setMoments([]));
  }, [revision]);
  return (
    <section aria-labelledby="past">
      <h2 id="past">{t("Recent activity")}</h2>
      {moments.length === 0 && <Empty>{t("Nothing has happened yet.")}</Empty>}
      {moments.length > 0 && (
        <ol className="moments">
          {moments
            .slice(-MOMENTS)
            .reverse()
            .map((m, i) => (
              <li key={i}>
                <time>{when(m.at)}</time> <b>{t(m.what)}</b> {m.name}
              </li>
            ))}
        </ol>
      )}
    </section>
  );
}

const SECTIONS = ["sources", "datasets", "models", "services", "monitors"];

function Size({ all }: { all: Ecosystem }) {
  const t = useWords();
  const counts = SECTIONS.map(
    (section) => all.scene.elements.filter((e) => e.id.startsWith(`${section}.`)).length,
  );
  const kept = Object.values(all.datasets).reduce((sum, d) => sum + d.account.kept, 0);
  return (
    <section aria-labelledby="size">
      <h2 id="size">{t("Inventory")}</h2>
      <p className="sum">
        {t("{} sources, {} datasets, {} models, {} services, {} monitors", ...counts)} ·{" "}
        {t("{} rows kept", thousands(kept))}
      </p>
    </section>
  );
}
