// Models: the figures with their intervals beside the baselines, versions side by side, where one is weak, and what to label next.
import { useState } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import { Proposals } from "./Proposals";
import { Curve } from "./Work";
import { Empty, Meter, n, Table, type All, type Any } from "./parts";

const FIGURES = ["accuracy", "macro_f1", "auc", "log_loss", "brier", "calibration_error", "rank_error", "kappa", "r2", "mae", "rmse", "median_error", "micro_f1", "subset_accuracy", "span_f1", "hit_rate_at_10", "ndcg_at_10", "mrr", "recall_at_1", "recall_at_5", "perplexity", "rouge_l", "exact"];
const SHARES = new Set(["accuracy", "macro_f1", "auc", "r2", "micro_f1", "subset_accuracy", "span_f1", "hit_rate_at_10", "ndcg_at_10", "mrr", "recall_at_1", "recall_at_5", "rouge_l", "exact"]);

export function Models({ all }: { all: All }) {
  const t = useWords();
  const made = Object.entries(all.models).filter(([, v]) => (v as Any[]).length);
  return made.length === 0 ? <Empty>{t("No model is grown yet; run mesocosm build.")}</Empty> : <>{made.map(([k, v]) => <Model key={k} name={k} versions={v as Any[]} all={all} />)}</>;
}

function Model({ name, versions, all }: { name: string; versions: Any[]; all: All }) {
  const t = useWords();
  const v = [...versions].reverse().find((x) => x.state === "champion") ?? versions.at(-1)!;
  const m = v.metrics, key = FIGURES.find((k) => k in m)!, classes = Object.keys(m.classes ?? {}), serves = Object.entries(all.services).find(([, s]) => (s as Any).version === v.id)?.[0];
  return (
    <article><h2>{name} <small>{v.id} · {t(v.state)}</small></h2>
      <p className="sum">{t("{} on {}, {} head, {}; learned from {}; judged on {} held-out rows", v.recipe.method, v.recipe.base ?? t("no base"), v.recipe.head, v.recipe.precision, v.snapshot, m.rows)}{serves && <> · <a href="#/services">{t("ask it what if")}</a></>}</p>
      <Table label={t("Figures of {}", name)} head={[t("metric"), t("this model"), "", t("95 % interval"), ...Object.keys(m.baselines)]} rows={FIGURES.filter((k) => k in m).map((k) => [t(k.replaceAll("_", " ")), <b key="v">{n(m[k])}</b>, SHARES.has(k) ? <Meter key="m" value={m[k]} interval={m.interval[k]} label={`${k} ${n(m[k])}`} /> : "", m.interval[k] ? t("{} to {}", n(m.interval[k][0]), n(m.interval[k][1])) : "–", ...Object.values(m.baselines as Any).map((b: Any) => n(b[k]))])} />
      {m.curve?.length > 1 && <details><summary>{t("learning curve")}</summary><Table label={t("Learning curve of {}", name)} head={[t("rows"), t(key.replaceAll("_", " ")), ""]} rows={(m.curve as Any[]).map((c) => [c.rows, n(c[key]), SHARES.has(key) ? <Meter key="m" value={c[key]} label={n(c[key])} /> : ""])} /></details>}
      {v.recipe.history?.length > 1 && <details><summary>{t("loss by epoch")}</summary><Curve points={[]} epochs={v.recipe.history} /></details>}
      {m.slices?.length > 0 && <details open><summary>{t("where it is weak")}</summary><Table label={t("Weak slices of {}", name)} head={[t("rows where"), t("rows"), t("accuracy"), "p"]} rows={(m.slices as Any[]).map((s) => [s.where, s.rows, n(s.accuracy), Number(s.p).toExponential(1)])} /></details>}
      {m.robustness && <p className="sum">{t("accuracy {} as texts are, {} with slips of the finger, {} in other words", n(m.robustness.as_they_are), n(m.robustness.typo), n(m.robustness.paraphrase))}</p>}
      {m.fairness && <p className="sum">{t("greatest gaps by {}: chosen {}, found or mistaken {}, accuracy {}", Object.keys(m.fairness.fields).join(", "), n(m.parity_gap), n(m.odds_gap), n(m.accuracy_gap))}</p>}
      <details open={versions.length > 1}><summary>{versions.length === 1 ? t("1 version") : t("{} versions side by side", versions.length)}</summary>
        <Table label={t("Versions of {}", name)} head={[t("version"), t("state"), t(key.replaceAll("_", " ")), "", t("why")]} rows={[...versions].reverse().slice(0, 12).map((x) => [x.id, t(x.state), n(x.metrics[key]), SHARES.has(key) ? <Meter key="m" value={x.metrics[key]} interval={x.metrics.interval?.[key]} label={n(x.metrics[key])} /> : "", x.why])} />
      </details>
      {m.examples && <details><summary>{t("what it writes")}</summary>{m.examples.map((e: Any, i: number) => <p key={i}><b>{e.asked}</b><br />{e.wrote}<br /><small>{t("the row says: {}", e.wanted)}</small></p>)}</details>}
      {classes.length > 0 && <Unsure model={name} />}
      {classes.length > 0 && <Proposals model={name} serves={serves} />}
      {classes.length > 0 && <details><summary>{t("per class")}</summary><Table label={t("Classes of {}", name)} head={[t("class"), t("rows"), t("precision"), t("recall"), "F1", ""]} rows={Object.entries(m.classes as Any).map(([c, x]) => [c, x.rows, n(x.precision, 2), n(x.recall, 2), n(x.f1, 2), <Meter key="m" value={x.f1} label={`F1 ${n(x.f1, 2)}`} />])} /></details>}
    </article>
  );
}

// Requests that would teach the model most; a label given here is feedback, which the next challenger learns from.
function Unsure({ model }: { model: string }) {
  const t = useWords();
  const [d, set] = useState<Any | null>(null);
  const [notice, tell] = useState("");
  const load = () => call<Any>(`/v1/models/${model}/unsure?most=6`).then((a) => { set(a); tell(""); }, (e: Error) => { set(null); tell(e.message); });
  const teach = async (f: Any, label: string) => {
    try { await call(`/v1/services/${f.service}/feedback`, { id: f.prediction, label }); set((old) => old && { ...old, found: old.found.filter((x: Any) => x !== f) }); tell(t("kept: {}", label)); } catch (e) { tell((e as Error).message); }
  };
  return (
    <details onToggle={(e) => { if (e.currentTarget.open && !d) void load(); }}><summary>{t("label next")}</summary>
      {d && <ul className="recent">{d.found.map((f: Any, i: number) => (
        <li key={f.prediction ?? `${f.file}:${f.line}`}>{Object.entries(f.inputs as Any).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${v}`).join(", ").slice(0, 220)} <small>{t("says {} ({} %)", f.says, n(f.probability * 100, 0))}</small>{" "}
          {f.prediction ? <select aria-label={t("Label of request {}", i + 1)} defaultValue="" onChange={(e) => void teach(f, e.target.value)}><option value="" disabled>{t("its label…")}</option>{d.labels.map((l: string) => <option key={l}>{l}</option>)}</select> : <small>{t("{}, line {}: label it there", f.file, f.line)}</small>}
        </li>))}</ul>}
      {d && <p className="sum">{t("{} of {} rows without a label; the least sure first, none like another.", d.found.length, d.waiting)}</p>}
      {notice && <p role="status">{notice}</p>}
    </details>
  );
}
