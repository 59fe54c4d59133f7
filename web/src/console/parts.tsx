// What the console's pages share.
import { useState, type ReactNode } from "react";
import type { Scene } from "../state/wire";

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Any = Record<string, any>; // the records of the catalog, shown as they are
export interface All { scene: Scene; plan: Any[]; next: { page: string; text: string }[]; datasets: Any; models: Any; services: Any; monitors: Any; silenced: string[]; alerts: Any[]; audit: Any[] }

export const n = (v: unknown, d = 3): string => (typeof v === "number" ? v.toFixed(d) : "–");
export const many = (v: unknown): string => (typeof v === "number" ? v.toLocaleString() : "–");
export const when = (t: number): string => new Date(t * 1000).toLocaleString();

// A part of a page that is made only once somebody opens it: what it asks of the server is asked then.
export function WhenOpen({ name, children }: { name: string; children: ReactNode }) {
  const [open, show] = useState(false);
  return <details onToggle={(e) => { if (e.currentTarget.open) show(true); }}><summary>{name}</summary>{open && children}</details>;
}

export function Empty({ children }: { children: ReactNode }) { return <p className="empty">{children}</p>; }

export function Table({ head, rows, label }: { head: ReactNode[]; rows: ReactNode[][]; label: string }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table><thead><tr>{head.map((h, i) => (h === "" ? <td key={i} /> : <th key={i} scope="col">{h}</th>))}</tr></thead><tbody>{rows.map((r, i) => <tr key={i}>{r.map((c, j) => (j ? <td key={j}>{c}</td> : <th key={j} scope="row">{c}</th>))}</tr>)}</tbody></table>
    </div>
  );
}

// A figure from 0 to 1 as a bar with its interval, so that two can be compared at a look.
export function Meter({ value, interval, label }: { value: number; interval?: [number, number] | undefined; label: string }) {
  const at = (v: number) => `${Math.max(0, Math.min(1, v)) * 100}%`;
  return <i className="meter" role="img" aria-label={label}><b style={{ width: at(value) }} />{interval && <u style={{ left: at(interval[0]), width: `calc(${at(interval[1])} - ${at(interval[0])})` }} />}</i>;
}
