// What if: sliders and choices for a row that nobody is, the answer at once, and what each input added to it.
import { useEffect, useRef, useState } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import { Bars } from "./Plot";

export interface Input { name: string; type: string; unit: string | null; private: boolean; low?: number; high?: number; usual?: number | string; whole?: boolean; choices?: string[] }
interface Form { version: string; predict: string; inputs: Input[]; ready: boolean; beside: string | null }
interface Said { version: string; label: string; number: boolean; probability?: number; value?: number; interval?: [number, number]; base: number; inputs: Record<string, number>; beside?: Said }
type Row = Record<string, string | number | null>;

/** The desk of a service: its form, the row as it stands, what the service says of it and said at first. Nothing is asked where no service is named. */
export function useWhatIf(service: string | null) {
  const [form, set] = useState<Form | null>(null);
  const [row, change] = useState<Row>({});
  const [said, hear] = useState<Said | null>(null);
  const [first, mark] = useState<Said | null>(null);
  const [fault, fail] = useState("");
  const asked = useRef(0), touched = useRef(false);
  useEffect(() => {
    set(null); hear(null); mark(null); fail(""); touched.current = false; asked.current++;
    let mine = true; // a form that comes after another service was asked for is not shown
    if (service) void call<Form>(`/v1/services/${service}/what-if`).then((f) => { if (!mine) return; set(f); change(Object.fromEntries(f.inputs.map((i) => [i.name, i.usual ?? null]))); }, (e: Error) => { if (mine) fail(e.message); });
    return () => { mine = false; };
  }, [service]);
  useEffect(() => {
    if (!form || (!form.ready && !touched.current)) return; // what is usual is no whole row, and nobody has said anything yet
    const number = ++asked.current, timer = window.setTimeout(() => {
      void call<Said>(`/v1/services/${service}/what-if`, row).then((s) => { if (number === asked.current) { hear(s); mark((old) => old ?? s); fail(""); } }, (e: Error) => { if (number === asked.current) fail(e.message); });
    }, 140);
    return () => window.clearTimeout(timer);
  }, [form, row, service]);
  const put = (name: string, value: string | number | null) => { touched.current = true; change((old) => ({ ...old, [name]: value })); };
  return { form, row, said, first, fault, put };
}

export const figure = (s: Said): string => (s.number ? `${s.value?.toFixed(1)}` : `${s.label}, ${(100 * (s.probability ?? 0)).toFixed(1)} %`);

export function WhatIf({ service }: { service: string }) {
  const t = useWords();
  const { form, row, said, first, fault, put } = useWhatIf(service);
  if (!form) return <p>{fault || t("Opening the desk…")}</p>;
  const shares = said ? Object.entries(said.inputs).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 6) : [];
  return (
    <div className="whatif">
      <p className="answer" aria-live="polite">{said ? <><small>{form.predict}</small> <b>{figure(said)}</b> <small>{said.version}</small></> : "…"}{said?.beside && <><br /><small>{t("the version coming in says")}</small> <b>{figure(said.beside)}</b> <small>{said.beside.version}</small></>}</p>
      {first && said && !said.number && first !== said && <p><small>{t("it began at {}", figure(first))}</small></p>}
      {fault && <p className="bad" role="alert">{fault}</p>}
      {shares.length > 0 && <Bars label={t("What each input added, in points")} values={shares.map(([k, v]) => [k, said!.number ? v / 100 : v])} />}
      <div className="inputs">{form.inputs.map((i) => (
        <label key={i.name}><span>{i.name}{i.unit ? `, ${i.unit}` : ""}{i.low !== undefined && <output> {String(row[i.name] ?? t("not given"))}</output>}</span>
          {i.low !== undefined && i.high !== undefined && i.high > i.low ? <input type="range" min={i.low} max={i.high} step={i.whole ? 1 : (i.high - i.low) / 100} value={Number(row[i.name] ?? i.usual ?? i.low)} onChange={(e) => put(i.name, i.whole ? Number(e.target.value) : Math.round(Number(e.target.value) * 100) / 100)} />
            : i.choices ? <select value={String(row[i.name] ?? "")} onChange={(e) => put(i.name, e.target.value || null)}><option value="">{t("not given")}</option>{i.choices.map((c) => <option key={c}>{c}</option>)}</select>
              : <input value={String(row[i.name] ?? "")} maxLength={2000} placeholder={i.private ? t("private: no example is shown") : t("in words")} onChange={(e) => put(i.name, e.target.value || null)} />}
        </label>))}</div>
    </div>
  );
}
