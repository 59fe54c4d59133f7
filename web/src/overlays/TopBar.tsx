// The bar over the valley: how it is, in which light, and what can be opened.
import { LanguageSwitch } from "../i18n/LanguageSwitch";
import { useWords } from "../i18n/words";
import { PALETTES } from "../scene/palette";
import { when } from "../shared/format";
import type { Visitors } from "../state/visitors";
import type { Scene } from "../state/wire";
import { DRAWS, type PanelName, type WorldState } from "../world/useWorld";
import { useDoors, xrStore } from "../world/xrStore";
import { Sound } from "./Sound";

interface Props {
  scene: Scene;
  world: WorldState;
}

export function TopBar({ scene, world }: Props) {
  const t = useWords();
  const { drawing, panels, selection, visitors } = world;
  const doors = useDoors();
  const button = (panel: PanelName, name: string, before?: () => void) => (
    <button
      onClick={() => {
        before?.();
        panels.toggle(panel);
      }}
      aria-pressed={panels.open === panel}
    >
      {name}
    </button>
  );
  return (
    <header className="bar">
      <h1>{scene.ecosystem}</h1>
      <Link scene={scene} world={world} />
      <LightChoice look={drawing.look} onLook={drawing.setLook} />
      {DRAWS && (
        <button onClick={drawing.toggleList} aria-pressed={drawing.asList}>
          {t("List")}
        </button>
      )}
      {button("follow", t("Follow a request"))}
      {button("past", t("Time"))}
      {doors.vr && <button onClick={() => void xrStore.enterVR()}>{t("Enter VR")}</button>}
      {doors.vr && button("comfort", t("Comfort"))}
      {doors.ar && <button onClick={() => void xrStore.enterAR()}>{t("On the table (AR)")}</button>}
      {button("put", t("Put down"), selection.unchoose)}
      {button("people", t("{} here", peopleHere(visitors)))}
      <Sound scene={scene} />
      <LanguageSwitch />
      <a href="/">{t("Console")}</a>
    </header>
  );
}

/** How many are here, the visitor among them. */
function peopleHere({ people, me }: Visitors): number {
  return Math.max(1, people.size + (people.has(me) ? 0 : 1));
}

/** Whether the valley is as it is now, and at which revision and season. */
function Link({ scene, world: { past, linked } }: Props) {
  const t = useWords();
  const state = () => {
    if (past) return t("as it was, {}", when(past.at));
    return linked ? t("live") : t("link lost, showing the last state");
  };
  return (
    <span className={linked && !past ? "live" : "live off"}>
      {state()} · {t("revision {}", scene.revision)}
      {scene.season && ` · ${t(scene.season)}`}
    </span>
  );
}

function LightChoice({ look, onLook }: { look: string; onLook: (look: string) => void }) {
  const t = useWords();
  return (
    <label>
      {t("Light")}{" "}
      <select value={look} onChange={(e) => onLook(e.target.value)}>
        {Object.keys(PALETTES).map((name) => (
          <option key={name} value={name}>
            {t(name)}
          </option>
        ))}
      </select>
    </label>
  );
}
