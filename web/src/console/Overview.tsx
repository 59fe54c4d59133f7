// The overview: how the ecosystem is, and what wants somebody.
import { useEffect, useState } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import { Work } from "./Work";
import { Empty, many, n, when, type All, type Any } from "./parts";

export function Overview({ all }: { all: All }) {
  const t = useWords();
  const [moments, set] = useState<Any[]>([]);
  useEffect(() => { void call<Any[]>("/v1/moments").then(set, () => set([])); }, [all.scene.revision]);
  const open = all.alerts.filter((a) => !a.cleared_at), quality = Object.values(all.datasets).map((d) => (d as Any).report.quality as number);
  const services = Object.values(all.services) as Any[], rate = services.reduce((a, s) => a + (s.figures?.rate ?? 0), 0), asked = services.filter((s) => s.figures?.error_rate != null), waited = asked.filter((s) => s.figures.p95_ms != null);
  const worst = (key: string) => Math.max(...asked.map((s) => (s.figures[key] as number | null) ?? 0));
  const due = all.plan.filter((c) => c.sign !== "=");
  const next = all.next.filter((one) => !open.some((a) => one.text.includes(a.message)));  // an open alert is listed already
  const refused = Object.entries(all.models).flatMap(([k, v]) => ((v as Any[]).at(-1)?.state === "refused" ? [[k, (v as Any[]).at(-1)] as [string, Any]] : []));
  const tiles: [string, string, string, string][] = [
    [t("data quality"), quality.length ? n(Math.min(...quality), 2) : "–", t("the lowest of {} datasets", quality.length), "#/data"],
    [t("models"), String(Object.values(all.models).filter((v) => (v as Any[]).some((x) => x.state === "champion")).length), t("in service of {}", Object.keys(all.models).length), "#/models"],
    [t("requests"), `${rate.toFixed(2)}/s`, asked.length ? t("p95 {} ms, errors {} %, refused {} %", waited.length ? worst("p95_ms").toFixed(0) : "–", (worst("error_rate") * 100).toFixed(2), (worst("refused_rate") * 100).toFixed(1)) : t("no requests in the last minute"), "#/services"],
    [t("alerts"), String(open.length), open.length ? t("open now") : t("nothing is open"), "#/monitors"],
  ];
  return (
    <>
      <ul className="tiles">{tiles.map(([name, figure, said, to]) => <li key={name}><a href={to}><small>{name}</small><b>{figure}</b><span>{said}</span></a></li>)}</ul>
      <section aria-labelledby="wanted"><h2 id="wanted">{t("Needs attention")}</h2>
        {open.length + refused.length + due.length + next.length === 0 ? <Empty>{t("No recommendations. Data, models and services are what the file says.")}</Empty> : (
          <ul className="wants">
            {open.map((a) => <li key={a.id}><a href="#/monitors"><span className="dot alarm" /> <b>{a.monitor}</b></a> {a.message} <small>{when(a.at)}</small></li>)}
            {refused.map(([k, v]) => <li key={k}><a href="#/models"><span className="dot watch" /> <b>{k}</b></a> {t("{} was kept out: {}", v.id, v.why)}</li>)}
            {next.map((one) => <li key={one.text}><a href={`#/${one.page}`}><span className="dot watch" /> <b>{t("recommendation")}</b></a> {one.text}</li>)}
            {due.map((c) => <li key={c.address}><code>{c.sign}</code> <b>{c.address}</b> {c.action}{c.because.length ? `: ${c.because.join("; ")}` : ""}</li>)}
          </ul>)}
      </section>
      <Work />
      <section aria-labelledby="past"><h2 id="past">{t("What happened last")}</h2>
        {moments.length === 0 ? <Empty>{t("Nothing has happened yet.")}</Empty> : <ol className="moments">{moments.slice(-12).reverse().map((m, i) => <li key={i}><time>{when(m.at)}</time> <b>{t(m.what)}</b> {m.name}</li>)}</ol>}
      </section>
      <section aria-labelledby="size"><h2 id="size">{t("All that is")}</h2>
        <p className="sum">{t("{} sources, {} datasets, {} models, {} services, {} monitors", ...["sources", "datasets", "models", "services", "monitors"].map((s) => all.scene.elements.filter((e) => e.id.startsWith(`${s}.`)).length))} · {t("{} rows kept", many(Object.values(all.datasets).reduce((a: number, d) => a + ((d as Any).account.kept as number), 0)))}</p>
      </section>
    </>
  );
}
