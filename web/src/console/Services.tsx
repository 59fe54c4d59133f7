// Services: live figures, a version that comes in, a playground, the last predictions, and both ways back.
import { call, history } from "../state/live";
import { useWords } from "../i18n/words";
import { ConfirmDialog } from "../shared/ConfirmDialog";
import { Line } from "../shared/Plot";
import { WhatIf } from "../shared/WhatIf";
import { Empty, n, Table, WhenOpen, when, type All, type Any } from "./parts";

export function Services({ all, follow, again }: { all: All; follow: (id: string) => void; again: () => void }) {
  const t = useWords();
  const some = Object.entries(all.services);
  return some.length === 0 ? <Empty>{t("The file names no service.")}</Empty> : <>{some.map(([k, s]) => <Service key={k} name={k} s={s as Any} follow={follow} again={again} />)}</>;
}

function Service({ name, s, follow, again }: { name: string; s: Any; follow: (id: string) => void; again: () => void }) {
  const t = useWords();
  const kept = history.get(`services.${name}`) ?? [];
  const back = async (why: string) => { const r = await call<Any>(`/v1/services/${name}/rollback`, { why }); again(); return `${r.from} → ${r.to}`; };
  const train = async (why: string) => { await call<Any>(`/v1/services/${name}/retrain`, { why }); return t("it is being trained; the work page shows how far it is"); };
  return (
    <article><h2>{name} <small>{s.version ?? t("nothing deployed yet")}</small></h2>
      <p className="sum">{n(s.figures.rate, 2)} {t("requests/s")} · {s.figures.error_rate == null ? t("no requests in the last minute") : <>p50 {n(s.figures.p50_ms, 1)} ms · p95 {n(s.figures.p95_ms, 1)} ms · {t("errors")} {n(s.figures.error_rate * 100, 2)} % · {t("refused (4xx)")} {n(s.figures.refused_rate * 100, 1)} %</>}</p>
      <div className="plots">{[["rate", "/s"], ["p95_ms", "ms"], ["error_rate", ""], ["refused_rate", ""]].map(([k, unit]) => <Line key={k} name={k!.replaceAll("_", " ")} unit={unit!} points={kept.filter((p) => k! in p).map((p) => [p.at, p[k!]!])} />)}</div>
      {s.rollout && <Rollout name={name} r={s.rollout} again={again} />}
      {s.trouble && <p className="bad">{s.trouble}</p>}
      <WhenOpen name={t("playground: what if")}><WhatIf service={name} /></WhenOpen>
      <details open><summary>{t("last predictions")}</summary>{s.recent.length === 0 ? <Empty>{t("None yet.")}</Empty> : <ul className="recent">{s.recent.slice(0, 8).map((p: Any) => <li key={p.id}><button onClick={() => follow(p.id)}>{p.id}</button> {p.output.label} {"value" in p.output ? (p.output.interval ? `(${n(p.output.interval[0], 1)} – ${n(p.output.interval[1], 1)})` : "") : n(p.output.probability, 2)} <small>{when(p.at)}</small></li>)}</ul>}</details>
      <details><summary>{t("history")}</summary><ul>{s.history.map((h: Any) => <li key={h.id}>{when(h.at)} <b>{h.version || h.answers}</b> {t("by {}: {}", h.who, h.why)}</li>)}</ul></details>
      {s.version && <ConfirmDialog name={t("Train a challenger")} question={t("Train a challenger for {} from its data and the labels that came back? It takes over only if it is better.", name)} act={train} />} {s.version && <ConfirmDialog name={t("Roll back")} danger question={t("Put the version before back into {}?", name)} act={back} />}
    </article>
  );
}

// A new version beside the one that serves: how far it is, what it showed, and both ways out of it by hand.
function Rollout({ name, r, again }: { name: string; r: Any; again: () => void }) {
  const t = useWords();
  const d = r.detail ?? {}, now = d.new ?? {}, old = d.old ?? {};
  const end = (way: "promote" | "rollback") => async (why: string) => { await call<Any>(`/v1/services/${name}/${way}`, { why }); again(); return t("done"); };
  return (
    <section className="rollout" aria-label={t("Rollout of {}", r.version)}>
      <p><b>{r.strategy}</b>: {t("{} beside {}", r.version, r.before)}{d.steps > 1 ? `, ${t("step {} of {}", r.step + 1, d.steps)}` : ""}</p>
      {d.share > 0 && <div className="barline" role="img" aria-label={t("{} % of the requests", d.share)}><i className="kept" style={{ flex: d.share }} /><i className="duplicates" style={{ flex: 100 - d.share }} /></div>}
      <Table label={t("Rollout of {}", r.version)} head={["", t("requests"), t("errors"), "p95 ms", t("right"), ...(now.both > 0 ? [t("agrees")] : [])]} rows={([[r.version, now], [r.before, old]] as [string, Any][]).map(([v, x]) => [v, x.requests ?? 0, x.errors ?? 0, n(x.p95_ms, 1), x.judged ? t("{} of {}", x.right, x.judged) : "–", ...(now.both > 0 ? [x.both ? `${n((x.agreed / x.both) * 100, 1)} %` : "–"] : [])])} />
      <p className="sum">{r.why}{now.judged > 0 && ` ${t("Difference {} points, always-valid p {}.", n(d.difference * 100, 1), n(d.p, 3))}`}</p>
      <ConfirmDialog name={t("Promote now")} question={t("Put {} into {} now?", r.version, name)} act={end("promote")} /> <ConfirmDialog name={t("Take back")} danger question={t("Take {} back? {} goes on serving.", r.version, r.before)} act={end("rollback")} />
    </section>
  );
}
