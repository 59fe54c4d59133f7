// What is pointed at, in words; and how to move where nothing is.
import { useWords } from "../i18n/words";
import type { Scene } from "../state/wire";
import { swarm } from "../valley/requestPaths";
import type { WorldState } from "../world/useWorld";

export function Hints({ scene, world }: { scene: Scene; world: WorldState }) {
  const t = useWords();
  const { selection, planted, by, drawing, panels, e, marker } = world;
  const { hovered, chosen } = selection;
  if (drawing.asList) return null;
  const under = hovered && hovered !== chosen ? by.get(hovered) : undefined;
  if (under)
    return (
      <p className="label" role="status">
        <b>{under.name}</b> {under.says}
      </p>
    );
  const beneath = hovered !== chosen ? planted?.all.find((m) => m.id === hovered) : undefined;
  if (beneath)
    return (
      <p className="label" role="status">
        <b>{t("{} by {}", t(beneath.form), beneath.who)}</b> {beneath.words}
      </p>
    );
  if (e || marker || panels.open) return null;
  const { each } = swarm(scene);
  return (
    <p className="hint">
      {t("Drag to look, W A S D to walk, click a thing for its card, L for the list")}
      {each > 1 && ` · ${t("a firefly is {} requests", Math.round(each))}`}
    </p>
  );
}
