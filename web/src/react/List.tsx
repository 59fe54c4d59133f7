// The list view: the same facts as the valley, without 3D; it is the page where there is no WebGL.
import { sentence, useWords } from "../state/words";
import type { Element, Scene } from "../state/wire";

const ORDER: [Element["kind"], string][] = [["spring", "Sources"], ["lake", "Datasets"], ["tree", "Models"], ["lighthouse", "Services"], ["vane", "Monitors"], ["counter", "Places"]];

export function List({ scene, chosen, onChoose }: { scene: Scene; chosen: string | null; onChoose: (id: string) => void }) {
  const t = useWords();
  return (
    <nav className="list" aria-label={t("Everything in this world")}>
      {ORDER.map(([kind, title]) => {
        const mine = scene.elements.filter((e) => e.kind === kind);
        return mine.length > 0 && (
          <section key={kind}><h2>{t(title)}</h2><ul>{mine.map((e) => (
            <li key={e.id}><button aria-pressed={chosen === e.id} data-id={e.id} onClick={() => onChoose(e.id)}><span className={`dot ${e.state}`} role="img" aria-label={t(e.state)} title={t(e.state)} /><b>{e.name}</b><span className="says">{sentence(e, t)}</span></button></li>
          ))}</ul></section>
        );
      })}
    </nav>
  );
}
