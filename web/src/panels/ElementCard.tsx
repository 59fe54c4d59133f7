// The card of a thing: its sentence, what can be done with it, its figures and plots, and a word with its inhabitant where there is one.
import { useCallback } from "react";
import { call, history } from "../state/live";
import { runs, sentence, useWords, type Say } from "../i18n/words";
import type { Element, Stall } from "../state/wire";
import { ConfirmDialog } from "../shared/ConfirmDialog";
import { Notes } from "./Notes";
import { Shelf, Stalls } from "./Stalls";
import { Talk } from "./Talk";
import { Line, short } from "../shared/Plot";
import { WhenOpen } from "../console/parts";
import { WhatIf } from "../shared/WhatIf";

export const NAMES: Record<Element["kind"], string> = { spring: "spring, a source", lake: "lake, a dataset", tree: "tree, a model", lighthouse: "lighthouse, a service", vane: "weather vane, a monitor", counter: "place" };

export const show = (v: unknown): string =>
  v === null || v === undefined ? "not known" : typeof v === "number" ? (Number.isInteger(v) ? String(v) : v.toPrecision(4)) : Array.isArray(v) ? v.map(show).join(" to ") : typeof v === "object" ? "" : String(v);
const instant = (k: string, v: unknown): unknown => ((k === "at" || k === "since") && typeof v === "number" ? new Date(v * 1000).toLocaleString() : v);

export function Facts({ facts }: { facts: Record<string, unknown> }) {
  const t = useWords();
  const rows = Object.entries(facts).filter(([, v]) => typeof v !== "object" || v === null);
  const deep = Object.entries(facts).filter(([k, v]) => v && typeof v === "object" && !Array.isArray(v) && k !== "last") as [string, Record<string, unknown>][];
  return (
    <>
      <dl>{rows.map(([k, v]) => (<div key={k}><dt>{t(k.replaceAll("_", " "))}</dt><dd>{v === null || v === undefined ? t("not known") : show(instant(k, v))}</dd></div>))}</dl>
      {deep.map(([k, v]) => Object.keys(v).length > 0 && (
        <details key={k}><summary>{t(k.replaceAll("_", " "))}</summary><dl>{Object.entries(v).map(([a, b]) => (<div key={a}><dt>{a}</dt><dd>{b && typeof b === "object" && !Array.isArray(b) ? Object.entries(b as object).map(([x, y]) => `${x} ${show(y)}`).join(", ") : show(b)}</dd></div>))}</dl></details>
      ))}
    </>
  );
}

interface Version { id: string; state: string; why: string; at: number; score?: number }

function Versions({ versions }: { versions: Version[] }) {
  const t = useWords();
  const scored = versions.filter((v) => typeof v.score === "number"), top = Math.max(1e-9, ...scored.map((v) => Math.max(0, v.score!)));
  return (
    <details open={versions.length > 1}><summary>{t("versions side by side")}</summary>
      <ul className="sides">{versions.slice(-8).map((v) => <li key={v.id}><span><b>{v.id}</b> {t(v.state)}</span>{typeof v.score === "number" && <i aria-hidden="true"><b className={v.state} style={{ width: `${(Math.max(0, v.score) / top) * 100}%` }} /></i>}<small>{typeof v.score === "number" && short(v.score)} · {v.why}</small></li>)}</ul>
    </details>
  );
}

const SHOWN: [string, string][] = [["rate", "/s"], ["p95_ms", "ms"], ["error_rate", ""], ["refused_rate", ""]];

function Plots({ id }: { id: string }) {
  const kept = history.get(id) ?? [];
  return <>{SHOWN.map(([k, unit]) => <Line key={k} name={k.replaceAll("_", " ")} unit={unit} points={kept.filter((p) => k in p).map((p) => [p.at, p[k]!])} />)}</>;
}

/** Puts the version that comes in into a service, or takes one back, for a reason; gives what was done in words. */
export const lever = (service: string, way: "promote" | "rollback", t: Say) => async (why: string): Promise<string> => {
  const r = await call<{ from?: string; to?: string }>(`/v1/services/${service}/${way}`, { why });
  return r.to ? `${r.from ?? ""} → ${r.to}` : t("done");
};

function Levers({ e }: { e: Element }) {
  const t = useWords();
  const move = (way: "promote" | "rollback") => lever(e.name, way, t);
  const coming = (e.facts as { rollout?: string }).rollout;
  return (
    <div className="levers">
      {coming && <p><b>{t("coming in")}</b> {coming}</p>}
      {coming && <ConfirmDialog name={t("Promote")} question={t("Put the version that comes in into {} now?", e.name)} act={move("promote")} />}
      <ConfirmDialog name={coming ? t("Take back") : t("Roll back")} danger question={coming ? t("Take back the version that comes in? {} goes on as it is.", e.name) : t("Put the version before back into {}?", e.name)} act={move("rollback")} />
    </div>
  );
}

export function Card({ e, name, things, onPath, onShelf, onClose }: { e: Element; onShelf: (id: string, goods: Stall[] | null) => void; name: string; things: Map<string, Element>; onPath: (ids: string[]) => void; onClose: () => void }) {
  const t = useWords();
  const { versions, ...facts } = e.facts as { versions?: Version[] };
  const shelf = useCallback((goods: Stall[] | null) => onShelf(e.id, goods), [e.id, onShelf]);
  const asks = e.kind === "lighthouse" ? e.name : e.kind === "counter" ? e.speaks_for : null;
  const running = runs(e);
  return (
    <aside className="card" aria-label={`${e.name}, ${t(NAMES[e.kind])}`}>
      <header><span className={`dot ${e.state}`} /><div><h2>{e.name}</h2><small>{t(NAMES[e.kind])} · {t(e.state)}</small></div><button className="x" onClick={onClose} aria-label={t("Close the card")}>×</button></header>
      <p>{sentence(e, t)}</p>
      {e.inhabitant && e.speaks_for && <Talk key={e.id} who={e.inhabitant} place={e.name} things={things} onPath={onPath} />}
      {e.kind === "lighthouse" && running && <Levers e={e} />}
      {e.kind === "lighthouse" && <Plots id={e.id} />}
      {e.form === "shop" && e.speaks_for && running && <Shelf key={`${e.id}-shelf`} e={e} onShelf={shelf} />}
      {e.kind === "counter" && e.form !== "shop" && <Stalls e={e} />}
      {asks && e.form !== "shop" && running && (e.form === "counter" ? <details open><summary>{t("what if")}</summary><WhatIf service={asks} /></details> : <WhenOpen name={t("what if")}><WhatIf service={asks} /></WhenOpen>)}
      {e.steps.length > 0 && <ul className="mills" aria-label={t("Mills on the stream")}>{e.steps.map((s) => <li key={s.name}><b>{t(s.name)}</b> {s.removed > 0 ? t("{} rows set apart", s.removed) : t("{} values changed", s.changed)}</li>)}</ul>}
      {e.private.length > 0 && <p><small>{t("mist: private fields")}</small> {e.private.join(", ")}</p>}
      {e.sapling && <p><small>{t("beside it")}</small> <b>{e.sapling.name}</b>, {t(e.sapling.state)}: {e.sapling.says}</p>}
      {versions && versions.length > 0 && <Versions versions={versions} />}
      <Facts facts={facts} />
      <Notes on={e.id} name={name} />
    </aside>
  );
}
