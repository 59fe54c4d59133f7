// Small plots: a line over time, and bars that go both ways. Each has its figures in words for who cannot see it.
import { useWords } from "../i18n/words";

export function Line({ name, points, unit }: { name: string; points: [number, number][]; unit: string }) {
  const t = useWords();
  if (points.length < 2) return null;
  const W = 300, H = 54, xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const left = Math.min(...xs), right = Math.max(...xs), most = Math.max(...ys), top = Math.max(most, 1e-9), low = Math.min(0, ...ys);
  const x = (v: number) => ((v - left) / (right - left || 1)) * (W - 4) + 2, y = (v: number) => H - 3 - ((v - low) / (top - low || 1)) * (H - 8);
  const last = ys.at(-1)!;
  return (
    <figure className="plot">
      <figcaption>{t(name)} <b>{short(last)} {unit}</b> <small>{t("highest {}", `${short(most)} ${unit}`)}</small></figcaption>
      <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label={`${t(name)}: ${short(last)} ${unit}, ${t("highest {}", short(most))}`}>
        <polygon points={`${x(left)},${H} ${points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ")} ${x(right)},${H}`} /><polyline points={points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ")} />
      </svg>
    </figure>
  );
}

export function Bars({ values, label }: { values: [string, number][]; label: string }) {
  const most = Math.max(1e-9, ...values.map(([, v]) => Math.abs(v)));
  return (
    <ul className="bars" aria-label={label}>{values.map(([name, v]) => (
      <li key={name}><span>{name}</span><i aria-hidden="true"><b className={v < 0 ? "less" : "more"} style={{ width: `${(Math.abs(v) / most) * 50}%`, [v < 0 ? "right" : "left"]: "50%" }} /></i><em>{v >= 0 ? "+" : "−"}{(Math.abs(v) * 100).toFixed(1)}</em></li>
    ))}</ul>
  );
}

export const short = (v: number): string => (Number.isInteger(v) ? String(v) : Math.abs(v) >= 100 ? v.toFixed(0) : v.toPrecision(3));
