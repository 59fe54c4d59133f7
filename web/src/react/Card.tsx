// The card of a thing: its sentence, its figures, and a word with its inhabitant where there is one.
import { useRef, useState, type FormEvent } from "react";
import { Notes } from "./Notes";
import { call } from "../state/live";
import type { Element } from "../state/wire";

const NAMES: Record<string, string> = { spring: "spring, a source", lake: "lake, a dataset", tree: "tree, a model", lighthouse: "lighthouse, a service", vane: "weather vane, a monitor", counter: "place" };

const show = (v: unknown): string =>
  v === null || v === undefined ? "not known" : typeof v === "number" ? (Number.isInteger(v) ? String(v) : v.toPrecision(4)) : Array.isArray(v) ? v.map(show).join(" to ") : typeof v === "object" ? "" : String(v);

export function Facts({ facts }: { facts: Record<string, unknown> }) {
  const rows = Object.entries(facts).filter(([, v]) => typeof v !== "object" || v === null);
  const deep = Object.entries(facts).filter(([k, v]) => v && typeof v === "object" && !Array.isArray(v) && k !== "last") as [string, Record<string, unknown>][];
  return (
    <>
      <dl>{rows.map(([k, v]) => (<div key={k}><dt>{k.replaceAll("_", " ")}</dt><dd>{show(v)}</dd></div>))}</dl>
      {deep.map(([k, v]) => Object.keys(v).length > 0 && (
        <details key={k}><summary>{k.replaceAll("_", " ")}</summary><dl>{Object.entries(v).map(([a, b]) => (<div key={a}><dt>{a}</dt><dd>{b && typeof b === "object" && !Array.isArray(b) ? Object.entries(b as object).map(([x, y]) => `${x} ${show(y)}`).join(", ") : show(b)}</dd></div>))}</dl></details>
      ))}
    </>
  );
}

interface Said { who: string; text: string; source?: string }

export function Talk({ who, service }: { who: string; service: string }) {
  const [said, add] = useState<Said[]>([{ who, text: `I am ${who}. Ask me; I answer from the bank's own table and show you the row.` }]);
  const [text, type] = useState("");
  const [busy, wait] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    const question = text.trim();
    if (!question || busy) return;
    add((old) => [...old, { who: "you", text: question }]);
    type(""); wait(true);
    try {
      const a = await call<{ choices: { message: { content: string } }[]; grounding: { known: boolean; likeness: number; source?: { file: string; line: number; question: string } } }>("/v1/chat/completions", { model: service, messages: [{ role: "user", content: question }] });
      const g = a.grounding;
      add((old) => [...old, { who, text: a.choices[0]!.message.content, source: g.source ? `${g.source.file}, line ${g.source.line}: “${g.source.question}” (likeness ${g.likeness.toFixed(2)})` : `no row is near enough (likeness ${g.likeness.toFixed(2)})` }]);
    } catch (error) { add((old) => [...old, { who: "notice", text: (error as Error).message }]); }
    wait(false);
    setTimeout(() => end.current?.scrollIntoView({ block: "nearest" }), 30);
  };
  return (
    <div className="talk">
      <div className="said" aria-live="polite">
        {said.map((s, i) => (<p key={i} className={s.who === "you" ? "you" : "them"}><b>{s.who}</b> {s.text}{s.source && <small>{s.source}</small>}</p>))}
        <div ref={end} />
      </div>
      <form onSubmit={ask}><input aria-label={`Say something to ${who}`} value={text} maxLength={2000} placeholder="I lost my card…" onChange={(e) => type(e.target.value)} /><button disabled={busy}>Ask</button></form>
    </div>
  );
}

export function Card({ e, name, onClose }: { e: Element; name: string; onClose: () => void }) {
  return (
    <aside className="card" aria-label={`${e.name}, ${NAMES[e.kind]}`}>
      <header><span className={`dot ${e.state}`} /><div><h2>{e.name}</h2><small>{NAMES[e.kind]} · {e.state}</small></div><button className="x" onClick={onClose} aria-label="Close the card">×</button></header>
      <p>{e.says}</p>
      {e.inhabitant && e.speaks_for && <Talk who={e.inhabitant} service={e.speaks_for} />}
      <Facts facts={e.facts} />
      <Notes on={e.id} name={name} />
    </aside>
  );
}
