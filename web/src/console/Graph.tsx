// Lineage as a graph: from sources on the left to places on the right; each thing is a link into the world.
import { useMemo, useState } from "react";
import { useWords } from "../i18n/words";
import type { Element, Scene } from "../state/wire";
import { layOut, related, WIDE } from "./graphLayout";

const MOST = 120; // things drawn; beyond, the list in the world is the way

export function Graph({ scene }: { scene: Scene }) {
  const t = useWords();
  const [over, setOver] = useState<string | null>(null);
  const { at, wide, tall } = useMemo(() => layOut(scene.elements), [scene.elements]);
  const near = useMemo(() => related(scene.elements, over), [scene.elements, over]);
  const many = scene.elements.length;
  if (many > MOST)
    return (
      <p className="empty">
        {t("{} things are too many for one drawing; the world's list has them all.", many)}
      </p>
    );
  return (
    <div className="scroll graph" tabIndex={0} role="region" aria-label={t("Lineage")}>
      <svg
        viewBox={`0 0 ${wide} ${tall}`}
        style={{ minWidth: Math.min(wide, 560), maxWidth: wide }}
        role="group"
        aria-label={t("{} things and what they rest on", many)}
      >
        {scene.elements.flatMap((e) =>
          e.needs.map((need) => (
            <Edge
              key={`${need}>${e.id}`}
              from={at.get(need)}
              to={at.get(e.id)}
              near={near.has(need) && near.has(e.id)}
            />
          )),
        )}
        {scene.elements.map((e) => (
          <Node key={e.id} e={e} at={at.get(e.id)} near={near.has(e.id)} onOver={setOver} />
        ))}
      </svg>
    </div>
  );
}

type Spot = [x: number, y: number] | undefined;

function Edge({ from, to, near }: { from: Spot; to: Spot; near: boolean }) {
  if (!from || !to) return null;
  const [x1, y1] = [from[0] + WIDE, from[1] + 13];
  const [x2, y2] = [to[0], to[1] + 13];
  return (
    <path
      className={near ? "near" : ""}
      d={`M${x1} ${y1} C${x1 + 26} ${y1} ${x2 - 26} ${y2} ${x2} ${y2}`}
    />
  );
}

function Node({
  e,
  at,
  near,
  onOver,
}: {
  e: Element;
  at: Spot;
  near: boolean;
  onOver: (id: string | null) => void;
}) {
  if (!at) return null;
  const [x, y] = at;
  return (
    <a
      href={`/world#${e.id}`}
      aria-label={e.says}
      onMouseEnter={() => onOver(e.id)}
      onMouseLeave={() => onOver(null)}
      onFocus={() => onOver(e.id)}
      onBlur={() => onOver(null)}
    >
      <rect
        x={x}
        y={y}
        width={WIDE}
        height="26"
        rx="7"
        className={`${e.state} ${near ? "near" : ""}`}
      />
      <text x={x + 9} y={y + 17}>
        {e.name.length > 19 ? `${e.name.slice(0, 18)}…` : e.name}
      </text>
    </a>
  );
}
