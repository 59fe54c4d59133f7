// What is being made now: the last sentences, and the loss as it falls.
import { useEffect, useState } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import { n, type Any } from "./parts";

export function Work() {
  const t = useWords();
  const [found, set] = useState<Any[]>([]);
  useEffect(() => { const load = () => call<Any[]>("/v1/work").then(set, () => set([])); void load(); const timer = setInterval(load, 1000); return () => clearInterval(timer); }, []);
  if (!found.length) return null;
  return (
    <section aria-live="off"><h2>{t("In the making")}</h2><div className="cards">{found.map((w) => (
      <article key={w.address}><h3>{w.address} <small>{t("for {} s", Math.max(0, Math.round(w.at - w.began)))}{w.left ? `, ${t("{} s left", w.left)}` : ""}</small></h3>
        {(w.points.length > 1 || w.epochs.length > 0) && <Curve points={w.points} epochs={w.epochs} />}
        <ul className="told">{w.lines.map((l: string, i: number) => <li key={i}>{l}</li>)}</ul>
      </article>))}</div></section>
  );
}

export function Curve({ points, epochs }: { points: [number, number][]; epochs: Any[] }) {
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
