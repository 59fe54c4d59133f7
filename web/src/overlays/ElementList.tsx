// The list view: the same facts as the valley, without 3D, as a tree that arrows walk; it is the page where there is no WebGL.
import { useState, type KeyboardEvent } from "react";
import { sentence, useWords } from "../i18n/words";
import type { Marker } from "../state/markers";
import type { Element, Scene } from "../state/wire";

const ORDER: [Element["kind"], string][] = [["spring", "Sources"], ["lake", "Datasets"], ["tree", "Models"], ["lighthouse", "Services"], ["vane", "Monitors"], ["counter", "Places"]];

export function List({ scene, markers, chosen, onChoose }: { scene: Scene; markers: Marker[]; chosen: string | null; onChoose: (id: string) => void }) {
  const t = useWords();
  const [at, move] = useState<string | null>(null); // the one item that Tab reaches; arrows go on from there
  const [shut, close] = useState<string[]>([]);
  const groups = [
    ...ORDER.map(([kind, title]) => ({ kind: kind as string, title, mine: scene.elements.filter((e) => e.kind === kind).map((e) => ({ id: e.id, name: e.name, state: e.state as string, says: sentence(e, t) })) })),
    { kind: "markers", title: "Markers of visitors", mine: markers.map((m) => ({ id: m.id, name: t("{} by {}", t(m.form), m.who), state: "", says: m.words })) },
  ].filter((g) => g.mine.length > 0);
  const shown = groups.flatMap((g) => [g.kind, ...(shut.includes(g.kind) ? [] : g.mine.map((e) => e.id))]);
  const here = at && shown.includes(at) ? at : chosen && shown.includes(chosen) ? chosen : shown[0];

  const walk = (event: KeyboardEvent<HTMLElement>) => {
    const now = shown.indexOf(String((event.target as HTMLElement).dataset.item)), group = groups.find((g) => g.kind === shown[now] || g.mine.some((e) => e.id === shown[now]));
    if (now < 0 || !group) return;
    const top = shown[now] === group.kind, folded = shut.includes(group.kind);
    let to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (event.key === "ArrowLeft") { if (top) close((old) => [...new Set([...old, group.kind])]); else to = shown.indexOf(group.kind); }
    else if (event.key === "ArrowRight") { if (top && folded) close((old) => old.filter((k) => k !== group.kind)); else if (top) to = now + 1; }
    else if ((event.key === "Enter" || event.key === " ") && top) close((old) => (folded ? old.filter((k) => k !== group.kind) : [...old, group.kind]));
    else if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = to === undefined ? undefined : shown[Math.max(0, Math.min(shown.length - 1, to))];
    if (next) event.currentTarget.querySelector<HTMLElement>(`[data-item="${CSS.escape(next)}"]`)?.focus();
  };

  return (
    <nav className="list" aria-label={t("Everything in this world")}>
      <div role="tree" aria-label={t("Everything in this world")} onKeyDown={walk}>
        {groups.map(({ kind, title, mine }) => (
          <div key={kind} role="treeitem" aria-expanded={!shut.includes(kind)} aria-label={t(title)} data-item={kind} tabIndex={here === kind ? 0 : -1} onFocus={(e) => { if (e.target === e.currentTarget) move(kind); }}>
            <span className="head" aria-hidden="true" onClick={() => close((old) => (old.includes(kind) ? old.filter((k) => k !== kind) : [...old, kind]))}>{t(title)}</span>
            {!shut.includes(kind) && <div role="group">{mine.map((e) => (
              <button key={e.id} role="treeitem" aria-selected={chosen === e.id} data-id={e.id} data-item={e.id} tabIndex={here === e.id ? 0 : -1} onFocus={() => move(e.id)} onClick={() => onChoose(e.id)}>{e.state && <span className={`dot ${e.state}`} role="img" aria-label={t(e.state)} title={t(e.state)} />}<b>{e.name}</b><span className="says">{e.says}</span></button>
            ))}</div>}
          </div>
        ))}
      </div>
    </nav>
  );
}
