// Proposals for classes that a model lacks: requests it is not sure of that are like each other; a name given here labels them, and the next challenger learns it.
import { useState, type FormEvent } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import { n, type Any } from "./parts";

const words = (inputs: Any): string => Object.values(inputs).filter((v) => v !== null).join(", ").slice(0, 220);

export function Proposals({ model, serves }: { model: string; serves?: string | undefined }) {
  const t = useWords();
  const [d, set] = useState<Any | null>(null);
  const [notice, tell] = useState("");
  const [named, count] = useState(0);
  const [begun, begin] = useState(false);
  const load = () => (tell(t("Looking through the requests…")), call<Any>(`/v1/models/${model}/proposals`)).then((a) => { set(a); tell(""); }, (e: Error) => { set(null); tell(e.message); });
  const keep = async (g: Any, predictions: string[], label: string) => {
    try {
      const a = await call<Any>(`/v1/models/${model}/proposals`, { predictions, label });
      set((old) => old && { ...old, labels: [...new Set([...old.labels, a.label])], groups: old.groups.filter((x: Any) => x !== g) });
      tell(a.new ? t("{} requests are '{}' now, which is new.", a.rows, a.label) : t("{} requests are '{}' now.", a.rows, a.label));
      count((k) => k + a.rows);
      begin(false);
    } catch (e) { tell((e as Error).message); }
  };
  const train = async () => { try { await call(`/v1/services/${serves}/retrain`, { why: t("new classes were named") }); tell(t("A challenger is being trained; it takes over if it names them and loses nothing.")); begin(true); } catch (e) { tell((e as Error).message); } };
  return (
    <details onToggle={(e) => { if (e.currentTarget.open && !d) void load(); }}><summary>{t("classes it lacks")}</summary>
      {d && d.groups.map((g: Any) => <Group key={g.predictions[0]} g={g} labels={d.labels} keep={keep} />)}
      {d && <p className="sum">{d.groups.length === 0 && named === 0 ? t("Nothing asks for a class of its own.") + " " : ""}{t("{} requests without a label were looked at, of which {} are strange: less sure than the least sure {} % of held-out rows, or less like any class than {} % of them.", d.waiting, d.strange, n(d.share * 100, 0), n(d.share * 50, 0))}</p>}
      {notice && <p role="status">{notice}</p>}
      {named > 0 && !begun && serves && <button className="go" onClick={() => void train()}>{t("Train a challenger now")}</button>}
    </details>
  );
}

function Group({ g, labels, keep }: { g: Any; labels: string[]; keep: (g: Any, predictions: string[], label: string) => Promise<void> }) {
  const t = useWords();
  const [out, leave] = useState<string[]>([]);
  const [label, type] = useState("");
  const taken = (g.predictions as string[]).filter((p) => !out.includes(p)), shown = g.examples as Any[], name = g.name || t("a group");
  const done = (event: FormEvent) => { event.preventDefault(); if (label.trim() && taken.length) void keep(g, taken, label.trim()); };
  return (
    <section className="proposal" aria-label={t("Proposal: {}", name)}>
      <p><b>{name}</b> <small>{t("{} requests, {} of them strange; nearest {} ({})", g.rows, g.strange, g.nearest, n(g.alike, 2))}</small></p>
      <div className="some" tabIndex={0} role="region" aria-label={t("Requests of {}", name)}><ul>{shown.map((e) => <li key={e.prediction}><label><input type="checkbox" checked={!out.includes(e.prediction)} onChange={() => leave((old) => (old.includes(e.prediction) ? old.filter((x) => x !== e.prediction) : [...old, e.prediction]))} /> {words(e.inputs)}</label></li>)}</ul></div>
      {shown.length > 1 && <p className="sum"><small>{t("the most typical first; untick what does not belong")}</small></p>}
      {g.rows > shown.length && <p className="sum"><small>{t("and {} more like these", g.rows - shown.length)}</small></p>}
      <form onSubmit={done}>
        <input list={`labels-${g.predictions[0]}`} aria-label={t("Name of {}", name)} placeholder={t("its name…")} value={label} maxLength={60} onChange={(e) => type(e.target.value)} />
        <datalist id={`labels-${g.predictions[0]}`}>{labels.map((l) => <option key={l} value={l} />)}</datalist>
        <button disabled={!label.trim() || taken.length === 0}>{t("Label {} requests", taken.length)}</button>
      </form>
    </section>
  );
}
