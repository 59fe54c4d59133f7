// Lineage as a graph: from sources on the left to places on the right; each thing is a link into the world.
import { useMemo, useState } from "react";
import { useWords } from "../i18n/words";
import type { Element, Scene } from "../state/wire";

const MOST = 120; // things drawn; beyond, the list in the world is the way

export function Graph({ scene }: { scene: Scene }) {
  const t = useWords();
  const [over, set] = useState<string | null>(null);
  const { at, wide, tall } = useMemo(() => {
    const columns: Element[][] = [];
    for (const e of scene.elements) (columns[e.depth] ??= []).push(e);
    for (const c of columns) c?.sort((a, b) => a.x - b.x);
    const rows = Math.max(1, ...columns.map((c) => c?.length ?? 0)), found = new Map<string, [number, number]>();
    columns.forEach((c, i) => c?.forEach((e, j) => found.set(e.id, [20 + i * 190, 16 + (j + (rows - c.length) / 2) * 40])));
    return { at: found, wide: columns.length * 190 - 20, tall: rows * 40 + 6 };
  }, [scene.elements]);
  if (scene.elements.length > MOST) return <p className="empty">{t("{} things are too many for one drawing; the world's list has them all.", scene.elements.length)}</p>;
  const near = new Set<string>();
  if (over) {
    const walk = (id: string, up: boolean) => { if (near.has(id + up)) return; near.add(id + up); near.add(id); for (const e of scene.elements) { if (up && e.id === id) e.needs.forEach((x) => walk(x, true)); if (!up && e.needs.includes(id)) walk(e.id, false); } };
    walk(over, true); walk(over, false);
  }
  return (
    <div className="scroll graph" tabIndex={0} role="region" aria-label={t("Lineage")}>
      <svg viewBox={`0 0 ${wide} ${tall}`} style={{ minWidth: Math.min(wide, 560), maxWidth: wide }} role="group" aria-label={t("{} things and what they rest on", scene.elements.length)}>
        {scene.elements.flatMap((e) => e.needs.filter((x) => at.has(x)).map((x) => { const [x1, y1] = at.get(x)!, [x2, y2] = at.get(e.id)!; const w = x1 + 142; return <path key={`${x}>${e.id}`} className={near.has(x) && near.has(e.id) ? "near" : ""} d={`M${w} ${y1 + 13} C${w + 26} ${y1 + 13} ${x2 - 26} ${y2 + 13} ${x2} ${y2 + 13}`} />; }))}
        {scene.elements.map((e) => { const [x, y] = at.get(e.id)!; return (
          <a key={e.id} href={`/world#${e.id}`} aria-label={e.says} onMouseEnter={() => set(e.id)} onMouseLeave={() => set(null)} onFocus={() => set(e.id)} onBlur={() => set(null)}>
            <rect x={x} y={y} width="142" height="26" rx="7" className={`${e.state} ${near.has(e.id) ? "near" : ""}`} /><text x={x + 9} y={y + 17}>{e.name.length > 19 ? `${e.name.slice(0, 18)}…` : e.name}</text>
          </a>); })}
      </svg>
    </div>
  );
}
