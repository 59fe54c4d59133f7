// The choices that make a headset comfortable.
import { useWords } from "../i18n/words";
import { CloseButton } from "../shared/CloseButton";
import type { Comfort, ComfortChange } from "./comfort";

const CHOICES = [
  ["seated", "I sit: lift me to a standing eye"],
  ["walk", "walk smoothly with the left stick"],
  ["vignette", "darken the edge of sight while walking"],
] as const;

export function ComfortPanel({
  comfort,
  onChange,
  onClose,
}: {
  comfort: Comfort;
  onChange: ComfortChange;
  onClose: () => void;
}) {
  const t = useWords();
  return (
    <aside className="card comfort" aria-label={t("Comfort in the headset")}>
      <header>
        <div>
          <h2>{t("Comfort in the headset")}</h2>
        </div>
        <CloseButton label={t("Close")} onClose={onClose} />
      </header>
      <p>
        <small>
          {t(
            "Point and press to move there at once; a stick aside turns by 30 degrees. Nothing moves unless you do.",
          )}
        </small>
      </p>
      {CHOICES.map(([key, name]) => (
        <label key={key}>
          <input
            type="checkbox"
            checked={comfort[key]}
            onChange={(e) => onChange({ [key]: e.target.checked })}
          />{" "}
          {t(name)}
        </label>
      ))}
      <label>
        {t("height")}{" "}
        <output>
          {comfort.height > 0 ? "+" : ""}
          {Math.round(comfort.height * 100)} cm
        </output>
        <input
          type="range"
          min={-0.5}
          max={0.8}
          step={0.05}
          value={comfort.height}
          onChange={(e) => onChange({ height: Number(e.target.value) })}
        />
      </label>
    </aside>
  );
}
