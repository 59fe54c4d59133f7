// Data: what was read, what was kept, set apart or filled, and why; versions and what differs between them.
import { useEffect, useState } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import { Line } from "../shared/Plot";
import { Graph } from "./Graph";
import { Empty, many, n, Table, when, type All, type Any } from "./parts";

export function Data({ all }: { all: All }) {
  const t = useWords();
  const names = Object.keys(all.datasets);
  return (
    <>
      <p className="about"><a href="/report">{t("the whole quality report, with examples and spreads")}</a></p>
      <section aria-labelledby="way"><h2 id="way">{t("Where it flows")}</h2><Graph scene={all.scene} /></section>
      {names.length === 0 && <Empty>{t("No dataset is built yet; run mesocosm build.")}</Empty>}
      {names.map((k) => <Dataset key={k} name={k} d={all.datasets[k]} e={all.scene.elements.find((e) => e.id === `datasets.${k}`)} />)}
    </>
  );
}

function Dataset({ name, d, e }: { name: string; d: Any; e: Any | undefined }) {
  const t = useWords();
  const a = d.account, r = d.report;
  return (
    <article><h2>{name} <small>{d.id} · {when(d.at)}</small></h2>
      <p className="sum"><b>{many(a.in)}</b> {t("rows in")} = <b>{many(a.kept)}</b> {t("kept")} + <b>{many(a.quarantined)}</b> {t("quarantined")} + <b>{many(a.duplicates)}</b> {t("duplicates")} · {t("quality")} <b>{n(r.quality, 2)}</b></p>
      <div className="barline" role="img" aria-label={t("{} kept, {} quarantined, {} duplicates", a.kept, a.quarantined, a.duplicates)}>{(["kept", "quarantined", "duplicates"] as const).map((k) => <i key={k} className={k} style={{ flex: a[k] }} />)}</div>
      {e && e.steps.length > 0 && <ul className="mills" aria-label={t("Steps of governance")}>{(e.steps as Any[]).map((s) => <li key={s.name}><b>{t(s.name)}</b> {s.removed > 0 ? t("{} rows set apart", s.removed) : t("{} values changed", s.changed)}</li>)}{(e.private as string[]).map((p) => <li key={p}><b>{t("private")}</b> {p}</li>)}</ul>}
      {Object.keys(r.sources ?? {}).length > 0 && <details open><summary>{t("rows of each source")}</summary>
        <Table label={t("Rows of the sources of {}", name)} head={["source", "read", "used", "unmatched", "repeated", "rejected"].map((w) => t(w))} rows={Object.entries(r.sources as Any).map(([s, one]) => [s, one.read, one.used, one.unmatched, one.repeated, one.rejected])} />
      </details>}
      {Object.keys(r.reasons).length > 0 && <details open><summary>{t("why rows were set apart")}</summary><ul className="reasons">{Object.entries(r.reasons).map(([w, c]) => <li key={w}><b>{String(c)}</b> {w}</li>)}</ul></details>}
      <details open><summary>{t("fields before and after")}</summary>
        <Table label={t("Fields of {}", name)} head={[t("field"), t("missing before"), t("after"), t("unreadable"), t("filled"), t("outside fence"), t("mean before"), t("after")]} rows={Object.entries(r.before as Any).map(([f, b]) => [f, b.missing, r.after[f].missing, r.unreadable?.[f] ?? 0, r.treated[f]?.filled ?? 0, r.treated[f]?.outside ?? "–", "mean" in b ? n(b.mean, 1) : "–", "mean" in b ? n(r.after[f].mean, 1) : "–"])} />
      </details>
      <Past name={name} revision={d.id} />
    </article>
  );
}

function Past({ name, revision }: { name: string; revision: string }) {
  const t = useWords();
  const [open, show] = useState(false);
  const [d, set] = useState<Any | null>(null);
  const [fault, fail] = useState("");
  useEffect(() => { if (open) void call<Any>(`/v1/datasets/${encodeURIComponent(name)}/versions`).then((v) => { set(v); fail(""); }, (e: Error) => fail(e.message)); }, [open, name, revision]);
  const x = d?.diff;
  return (
    <details onToggle={(e) => show(e.currentTarget.open)}><summary>{t("versions and what differs")}</summary>
      {fault && <p className="bad" role="alert">{fault}</p>}
      {!d && !fault && <p>{t("Comparing…")}</p>}
      {d && <ul>{(d.versions as Any[]).map((v) => <li key={v.id}><b>{v.id}</b> {t("{} rows kept", many(v.account.kept))}, {t("quality")} {n(v.quality, 2)} <small>{when(v.at)}</small></li>)}</ul>}
      {d && (d.versions as Any[]).length > 1 && <Line name={t("quality")} unit="" points={(d.versions as Any[]).map((v) => [v.at, v.quality])} />}
      {d && !x && <p>{t("One version so far; there is nothing to compare it with.")}</p>}
      {x && <><p>{x.old} → {x.new}: <b>{many(x.rows.added)}</b> {t("added")}, <b>{many(x.rows.removed)}</b> {t("removed")}, <b>{many(x.rows.changed)}</b> {t("changed")}, <b>{many(x.rows.same)}</b> {t("same")}{x.files.length > 0 && <small> {t("changed files: {}", x.files.join(", "))}</small>}</p>
        <Table label={t("Fields that moved in {}", name)} head={[t("field"), t("changed"), t("stability index")]} rows={Object.entries(x.moved as Any).map(([f, psi]) => [f, x.changed[f] ?? 0, n(psi)])} /></>}
    </details>
  );
}
