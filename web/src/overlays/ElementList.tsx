// The list view: the same facts as the valley, without 3D, as a tree that arrows walk; it is the page where there is no WebGL.
import { useState, type KeyboardEvent } from "react";
import { useWords, type Say } from "../i18n/words";
import type { Marker } from "../state/markers";
import type { Element, Scene } from "../state/wire";
import { shownItems, step, type Folding, type Group } from "./treeKeys";

const ORDER: [Element["kind"], string][] = [
  ["spring", "Sources"],
  ["lake", "Datasets"],
  ["tree", "Models"],
  ["lighthouse", "Services"],
  ["vane", "Monitors"],
  ["counter", "Places"],
];

interface Item {
  id: string;
  name: string;
  state: string;
  says: string;
}
type ItemGroup = Group<Item> & { title: string };

/** The things of each kind, and the markers; groups without any are left out. */
function groupsOf(scene: Scene, markers: Marker[], t: Say): ItemGroup[] {
  const kinds: ItemGroup[] = ORDER.map(([kind, title]) => ({
    kind,
    title,
    items: scene.elements
      .filter((e) => e.kind === kind)
      .map((e) => ({ id: e.id, name: e.name, state: e.state, says: e.says })),
  }));
  const put: ItemGroup = {
    kind: "markers",
    title: "Markers of visitors",
    items: markers.map((m) => ({
      id: m.id,
      name: t("{} by {}", t(m.form), m.who),
      state: "",
      says: m.words,
    })),
  };
  return [...kinds, put].filter((group) => group.items.length > 0);
}

function folded(shut: string[], kind: string, how: Folding): string[] {
  const open = shut.filter((one) => one !== kind);
  const fold = how === "toggle" ? !shut.includes(kind) : how === "fold";
  return fold ? [...open, kind] : open;
}

export function ElementList({
  scene,
  markers,
  chosen,
  onChoose,
}: {
  scene: Scene;
  markers: Marker[];
  chosen: string | null;
  onChoose: (id: string) => void;
}) {
  const t = useWords();
  const [at, setAt] = useState<string | null>(null); // the one item that Tab reaches; arrows go on from there
  const [shut, setShut] = useState<string[]>([]);
  const groups = groupsOf(scene, markers, t);
  const shown = shownItems(groups, shut);
  const reached = [at, chosen].find((id) => id !== null && shown.includes(id)) ?? shown[0];
  const fold = (kind: string, how: Folding) => setShut((old) => folded(old, kind, how));
  const walk = (event: KeyboardEvent<HTMLElement>) => {
    const item = (event.target as HTMLElement).dataset.item ?? "";
    const done = step(event.key, item, groups, shut);
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
    if (done.fold) fold(done.fold.kind, done.fold.how);
    if (done.to === undefined) return;
    const next = `[data-item="${CSS.escape(done.to)}"]`;
    event.currentTarget.querySelector<HTMLElement>(next)?.focus();
  };
  return (
    <nav className="list" aria-label={t("Everything in this world")}>
      <div role="tree" aria-label={t("Everything in this world")} onKeyDown={walk}>
        {groups.map((group) => (
          <GroupItem
            key={group.kind}
            group={group}
            open={!shut.includes(group.kind)}
            reached={reached}
            chosen={chosen}
            onReach={setAt}
            onFold={() => fold(group.kind, "toggle")}
            onChoose={onChoose}
          />
        ))}
      </div>
    </nav>
  );
}

function GroupItem({
  group,
  open,
  reached,
  chosen,
  onReach,
  onFold,
  onChoose,
}: {
  group: ItemGroup;
  open: boolean;
  reached: string | undefined;
  chosen: string | null;
  onReach: (id: string) => void;
  onFold: () => void;
  onChoose: (id: string) => void;
}) {
  const t = useWords();
  const { kind, title, items } = group;
  return (
    <div
      role="treeitem"
      aria-expanded={open}
      aria-label={t(title)}
      data-item={kind}
      tabIndex={reached === kind ? 0 : -1}
      onFocus={(e) => {
        if (e.target === e.currentTarget) onReach(kind);
      }}
    >
      <span className="head" aria-hidden="true" onClick={onFold}>
        {t(title)}
      </span>
      {open && (
        <div role="group">
          {items.map((item) => (
            <button
              key={item.id}
              role="treeitem"
              aria-selected={chosen === item.id}
              data-id={item.id}
              data-item={item.id}
              tabIndex={reached === item.id ? 0 : -1}
              onFocus={() => onReach(item.id)}
              onClick={() => onChoose(item.id)}
            >
              <StateDot state={item.state} />
              <b>{item.name}</b>
              <span className="says">{item.says}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function StateDot({ state }: { state: string }) {
  const t = useWords();
  if (!state) return null;
  return <span className={`dot ${state}`} role="img" aria-label={t(state)} title={t(state)} />;
}
