// The console: what exists, the plan, quality, model cards, services, alerts, and a prediction's past.
import { useEffect, useState, type FormEvent } from "react";
import { call } from "../state/live";
import type { Scene } from "../state/wire";

type Any = Record<string, any>; // the records of the catalog, shown as they are
interface All { scene: Scene; plan: Any[]; datasets: Any; models: Any; services: Any; alerts: Any[]; audit: Any[] }

const n = (v: unknown, d = 3) => (typeof v === "number" ? v.toFixed(d) : "–");
const when = (t: number) => new Date(t * 1000).toLocaleString();

function Dataset({ name, d }: { name: string; d: Any }) {
  const a = d.account, r = d.report;
  return (
    <article><h3>{name} <small>{d.id}</small></h3>
      <p className="sum"><b>{a.in}</b> rows in = <b>{a.kept}</b> kept + <b>{a.quarantined}</b> quarantined + <b>{a.duplicates}</b> duplicates · quality <b>{n(r.quality, 2)}</b></p>
      <div className="barline" aria-hidden>{(["kept", "quarantined", "duplicates"] as const).map((k) => <i key={k} className={k} style={{ flex: a[k] }} />)}</div>
      {Object.keys(r.reasons).length > 0 && <ul className="reasons">{Object.entries(r.reasons).map(([w, c]) => <li key={w}><b>{String(c)}</b> {w}</li>)}</ul>}
      <div className="scroll"><table><thead><tr><th>field</th><th>missing before</th><th>after</th><th>filled</th><th>outside fence</th><th>mean before</th><th>after</th></tr></thead>
        <tbody>{Object.entries(r.before as Any).map(([f, b]) => (<tr key={f}><td>{f}</td><td>{b.missing}</td><td>{r.after[f].missing}</td><td>{r.treated[f]?.filled ?? 0}</td><td>{r.treated[f]?.outside ?? "–"}</td><td>{"mean" in b ? n(b.mean, 1) : "–"}</td><td>{"mean" in b ? n(r.after[f].mean, 1) : "–"}</td></tr>))}</tbody></table></div>
    </article>
  );
}

function ModelCard({ name, versions }: { name: string; versions: Any[] }) {
  const v = [...versions].reverse().find((x) => x.state === "champion") ?? versions.at(-1);
  if (!v) return null;
  const m = v.metrics;
  return (
    <article><h3>{name} <small>{v.id} · {v.state}</small></h3>
      <p className="sum">{v.recipe.method} on {v.recipe.base ?? "no base"}, {v.recipe.head} head, {v.recipe.precision}; learned from {v.snapshot}; judged on {m.rows} held-out rows</p>
      <div className="scroll"><table><thead><tr><th>metric</th><th>this model</th><th>95 % interval</th>{Object.keys(m.baselines).map((b) => <th key={b}>{b}</th>)}</tr></thead><tbody>
        {["accuracy", "macro_f1", "auc", "log_loss", "brier", "calibration_error", "rank_error", "kappa", "r2", "mae", "rmse", "median_error", "micro_f1", "subset_accuracy", "span_f1", "hit_rate_at_10", "ndcg_at_10", "mrr", "recall_at_1", "recall_at_5", "perplexity", "rouge_l", "exact"].filter((k) => k in m).map((k) => (<tr key={k}><td>{k.replaceAll("_", " ")}</td><td><b>{n(m[k])}</b></td><td>{m.interval[k] ? `${n(m.interval[k][0])} to ${n(m.interval[k][1])}` : "–"}</td>{Object.values(m.baselines as Any).map((b: Any, i) => <td key={i}>{n(b[k])}</td>)}</tr>))}
      </tbody></table></div>
      <details><summary>{versions.length} version{versions.length > 1 ? "s" : ""}</summary><ul>{versions.map((x) => <li key={x.id}><b>{x.id}</b> {x.state}: {x.why}</li>)}</ul></details>
      {m.examples && <details><summary>what it writes</summary>{m.examples.map((e: Any, i: number) => <p key={i}><b>{e.asked}</b><br />{e.wrote}<br /><small>the row says: {e.wanted}</small></p>)}</details>}
      {Object.keys(m.classes).length > 0 && <Unsure model={name} />}
      {Object.keys(m.classes).length > 0 && <details><summary>per class</summary><div className="scroll"><table><thead><tr><th>class</th><th>rows</th><th>precision</th><th>recall</th><th>F1</th></tr></thead><tbody>{Object.entries(m.classes as Any).map(([c, x]) => (<tr key={c}><td>{c}</td><td>{x.rows}</td><td>{n(x.precision, 2)}</td><td>{n(x.recall, 2)}</td><td>{n(x.f1, 2)}</td></tr>))}</tbody></table></div></details>}
    </article>
  );
}

// Requests that would teach the model most; a label given here is feedback, which the next challenger learns from.
function Unsure({ model }: { model: string }) {
  const [d, set] = useState<Any | null>(null);
  const [notice, tell] = useState("");
  const load = () => call<Any>(`/v1/models/${model}/unsure?most=6`).then((a) => { set(a); tell(""); }, (e: Error) => { set(null); tell(e.message); });
  const teach = async (f: Any, label: string) => {
    try { await call(`/v1/services/${f.service}/feedback`, { id: f.prediction, label }); set((old) => old && { ...old, found: old.found.filter((x: Any) => x !== f) }); tell(`kept: ${label}`); } catch (e) { tell((e as Error).message); }
  };
  return (
    <details onToggle={(e) => { if (e.currentTarget.open && !d) void load(); }}><summary>label next</summary>
      {d && <ul className="recent">{d.found.map((f: Any, i: number) => (
        <li key={f.prediction ?? `${f.file}:${f.line}`}>{Object.entries(f.inputs as Any).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${v}`).join(", ").slice(0, 220)} <small>says {f.says} ({n(f.probability * 100, 0)} %)</small>{" "}
          {f.prediction ? <select aria-label={`Label of request ${i + 1}`} defaultValue="" onChange={(e) => void teach(f, e.target.value)}><option value="" disabled>its label…</option>{d.labels.map((l: string) => <option key={l}>{l}</option>)}</select> : <small>{f.file}, line {f.line}: label it there</small>}
        </li>))}</ul>}
      {d && <p className="sum">{d.found.length} of {d.waiting} rows without a label; the least sure first, none like another.</p>}
      {notice && <p role="status">{notice}</p>}
    </details>
  );
}

// A new version beside the one that serves: how far it is, what it showed, and both ways out of it by hand.
function Rollout({ name, r, again }: { name: string; r: Any; again: () => void }) {
  const [notice, tell] = useState("");
  const d = r.detail ?? {}, now = d.new ?? {}, old = d.old ?? {};
  const end = async (way: "promote" | "rollback") => {
    if (!confirm(way === "promote" ? `Put ${r.version} into ${name} now?` : `Take ${r.version} back? ${r.before} goes on serving.`)) return;
    try { await call<Any>(`/v1/services/${name}/${way}`, { why: "by hand, from the console" }); again(); } catch (e) { tell((e as Error).message); }
  };
  return (
    <section className="rollout" aria-label={`Rollout of ${r.version}`}>
      <p><b>{r.strategy}</b>: {r.version} beside {r.before}{d.steps > 1 ? `, step ${r.step + 1} of ${d.steps}` : ""}</p>
      {d.share > 0 && <div className="barline" role="img" aria-label={`${d.share} % of the requests`}><i className="kept" style={{ flex: d.share }} /><i className="duplicates" style={{ flex: 100 - d.share }} /></div>}
      <div className="scroll"><table><thead><tr><th></th><th>requests</th><th>errors</th><th>p95 ms</th><th>right</th>{now.both > 0 && <th>agrees</th>}</tr></thead><tbody>
        {([[r.version, now], [r.before, old]] as [string, Any][]).map(([v, x]) => <tr key={v}><td>{v}</td><td>{x.requests ?? 0}</td><td>{x.errors ?? 0}</td><td>{n(x.p95_ms, 1)}</td><td>{x.judged ? `${x.right} of ${x.judged}` : "–"}</td>{now.both > 0 && <td>{x.both ? `${n((x.agreed / x.both) * 100, 1)} %` : "–"}</td>}</tr>)}
      </tbody></table></div>
      <p className="sum">{r.why}{now.judged > 0 && ` Difference ${n(d.difference * 100, 1)} points, always-valid p ${n(d.p, 3)}.`}</p>
      <button onClick={() => void end("promote")}>Promote now</button> <button onClick={() => void end("rollback")}>Take back</button> {notice && <span role="status">{notice}</span>}
    </section>
  );
}

function ServiceCard({ name, s, follow, again }: { name: string; s: Any; follow: (id: string) => void; again: () => void }) {
  const [notice, tell] = useState("");
  const back = async () => {
    if (!confirm(`Put the version before back into ${name}?`)) return;
    try { const r = await call<Any>(`/v1/services/${name}/rollback`, { why: "by hand, from the console" }); tell(`${r.from} → ${r.to}`); again(); } catch (e) { tell((e as Error).message); }
  };
  return (
    <article><h3>{name} <small>{s.version}</small></h3>
      <p className="sum">{n(s.figures.rate, 2)} requests/s · p50 {n(s.figures.p50_ms, 1)} ms · p95 {n(s.figures.p95_ms, 1)} ms · errors {n(s.figures.error_rate * 100, 2)} %</p>
      {s.rollout && <Rollout name={name} r={s.rollout} again={again} />}
      {s.trouble && <p className="bad">{s.trouble}</p>}
      <details open><summary>last predictions</summary>{s.recent.length === 0 ? <p>None yet.</p> : <ul className="recent">{s.recent.slice(0, 8).map((p: Any) => <li key={p.id}><button onClick={() => follow(p.id)}>{p.id}</button> {p.output.label} {"value" in p.output ? (p.output.interval ? `(${n(p.output.interval[0], 1)} to ${n(p.output.interval[1], 1)})` : "") : n(p.output.probability, 2)} <small>{when(p.at)}</small></li>)}</ul>}</details>
      <details><summary>history</summary><ul>{s.history.map((h: Any) => <li key={h.id}>{when(h.at)} <b>{h.version || h.answers}</b> by {h.who}: {h.why}</li>)}</ul></details>
      <button onClick={back}>Roll back</button> {notice}
    </article>
  );
}

// What is being made now: the last sentences, and the loss as it falls.
function Work() {
  const [found, set] = useState<Any[]>([]);
  useEffect(() => { const load = () => call<Any[]>("/v1/work").then(set, () => set([])); void load(); const t = setInterval(load, 1000); return () => clearInterval(t); }, []);
  if (!found.length) return null;
  return (
    <section aria-live="off"><h2>In the making</h2><div className="cards">{found.map((w) => (
      <article key={w.address}><h3>{w.address} <small>for {Math.max(0, Math.round(w.at - w.began))} s{w.left ? `, ${w.left} s left` : ""}</small></h3>
        {(w.points.length > 1 || w.epochs.length > 0) && <Curve points={w.points} epochs={w.epochs} />}
        <ul className="told">{w.lines.map((l: string, i: number) => <li key={i}>{l}</li>)}</ul>
      </article>))}</div></section>
  );
}

function Curve({ points, epochs }: { points: [number, number][]; epochs: Any[] }) {
  const train: [number, number][] = points.length > 1 ? points : epochs.map((e) => [e.epoch, e.train_loss]);
  const held: [number, number][] = epochs.filter((e) => "held_loss" in e).map((e) => [e.epoch, e.held_loss]);
  const all = [...train, ...held], W = 360, H = 150, P = 30;
  const right = Math.max(1, ...all.map((p) => p[0])), top = Math.max(...all.map((p) => p[1])), low = Math.min(0, ...all.map((p) => p[1]));
  const x = (v: number) => P + (v / right) * (W - P - 8), y = (v: number) => H - 22 - ((v - low) / (top - low || 1)) * (H - 34);
  const line = (ps: [number, number][]) => ps.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ");
  const last = held.at(-1) ?? train.at(-1)!;
  return (
    <svg viewBox={`0 0 ${W} ${H}`} className="curve" role="img" aria-label={`Loss by epoch; ${held.length ? "held out" : "training"} ${n(last[1])} now`}>
      <line x1={P} y1={H - 22} x2={W - 8} y2={H - 22} /><text x={P - 4} y={y(top) + 4} textAnchor="end">{n(top, 2)}</text><text x={P - 4} y={H - 18} textAnchor="end">{n(low, 0)}</text><text x={W - 8} y={H - 6} textAnchor="end">epoch {n(right, 1)}</text>
      <polyline className="train" points={line(train)} />{held.length > 1 && <polyline className="held" points={line(held)} />}{held.map((p) => <circle key={p[0]} cx={x(p[0])} cy={y(p[1])} r="3.5" />)}
      <text x={P + 6} y={H - 6}><tspan className="train">— training</tspan> <tspan className="held">● held out</tspan></text>
    </svg>
  );
}

export function Console() {
  const [all, set] = useState<All | null>(null);
  const [fault, fail] = useState("");
  const [id, type] = useState("");
  const [past, setPast] = useState<Any | null>(null);
  const load = () => call<All>("/v1/ecosystem").then((a) => { set(a); fail(""); }, (e: Error) => fail(e.message));
  useEffect(() => { void load(); const t = setInterval(load, 4000); return () => clearInterval(t); }, []);
  const follow = async (ident: string) => {
    type(ident);
    try { setPast(await call<Any>(`/v1/lineage/${encodeURIComponent(ident)}`)); fail(""); } catch (e) { setPast(null); fail((e as Error).message); }
    document.getElementById("lineage")?.scrollIntoView({ behavior: "smooth" });
  };
  if (!all) return <main className="wait"><p>{fault || "Waiting for the ecosystem…"}</p></main>;
  const open = all.alerts.filter((a) => !a.cleared_at);
  return (
    <main className="console">
      <header className="bar"><h1>{all.scene.ecosystem}</h1><span className="live">revision {all.scene.revision}</span><span className="grow" /><a className="door" href="/world">Enter the world →</a></header>
      <p className="about">{all.scene.about}</p>
      {fault && <p className="bad" role="alert">{fault}</p>}
      <Work />
      <section><h2>Alerts</h2>{open.length === 0 ? <p>No alert is open.</p> : <ul className="alertlist">{open.map((a) => <li key={a.id}><b>{a.monitor}</b> {a.detail?.verdict && <><span className="kind">{a.detail.verdict.kind}</span> <span className="kind remedy">{a.detail.verdict.remedy}</span>{a.detail.verdict.harm !== null && <span className="kind">costs {(100 * a.detail.verdict.harm).toFixed(1)} % of accuracy</span>} </>}{a.message} <small>{when(a.at)}</small></li>)}</ul>}</section>
      <section><h2>Data <small><a href="/report">quality report →</a></small></h2><div className="cards">{Object.entries(all.datasets).map(([k, d]) => <Dataset key={k} name={k} d={d as Any} />)}</div></section>
      <section><h2>Models</h2><div className="cards">{Object.entries(all.models).map(([k, v]) => <ModelCard key={k} name={k} versions={v as Any[]} />)}</div></section>
      <section><h2>Services</h2><div className="cards">{Object.entries(all.services).map(([k, s]) => <ServiceCard key={k} name={k} s={s as Any} follow={follow} again={load} />)}</div></section>
      <section id="lineage"><h2>Past of a prediction</h2>
        <form onSubmit={(e: FormEvent) => { e.preventDefault(); void follow(id.trim()); }}><input aria-label="Prediction id" placeholder="p-…" value={id} onChange={(e) => type(e.target.value)} /><button>Follow</button></form>
        {past && <ol className="past"><li><b>{past.prediction.output.label}</b> by {past.prediction.service}, {when(past.prediction.at)}</li><li>version <b>{past.version.id}</b>, {past.recipe.method}, {past.recipe.head} head, content {past.version.content}</li><li>snapshot <b>{past.snapshot.id}</b>, {past.snapshot.account.kept} rows kept of {past.snapshot.account.in}</li>{Object.entries(past.files).map(([f, c]) => <li key={f}>file <b>{f}</b>, print {String(c)}</li>)}<li><b>{past.rows.training}</b> training rows: {Object.entries(past.rows.lines as Any).map(([f, l]) => <span key={f}>{f} lines <small>{String(l).slice(0, 400)}</small></span>)}</li></ol>}
      </section>
      <section><h2>Plan</h2><ul className="plan">{all.plan.map((c) => <li key={c.address}><code>{c.sign}</code> {c.address} <small>{c.action}{c.because.length ? ": " + c.because.join("; ") : ""}</small></li>)}</ul></section>
      <section><h2>Audit</h2><ul className="plan">{all.audit.slice(0, 25).map((a) => <li key={a.id}><small>{when(a.at)}</small> {a.who} <b>{a.act}</b> {a.what} <small>{a.why}</small></li>)}</ul></section>
    </main>
  );
}
