// What a place shows, in words: districts and their mood, or answers and how often.
import { mood } from "../elements/stalls";
import { nameOf } from "../i18n/names";
import { useWords } from "../i18n/words";
import type { Element } from "../state/wire";

export function Stalls({ e }: { e: Element }) {
  const t = useWords();
  if (!e.stalls.length)
    return (
      <p>
        <small>{t("Nothing was answered here of late.")}</small>
      </p>
    );
  return (
    <ul className="stalls" aria-label={t(e.form === "market" ? "districts" : "answers of late")}>
      {e.stalls.map((s) => (
        <li key={s.name} className={s.state} title={s.says}>
          <span>
            <b>{nameOf("answers", s.name)}</b>
            {s.state === "alarm" && <em> {t("storm")}</em>}{" "}
            <small>{t("{} answers", s.count)}</small>
          </span>
          <i aria-hidden="true">
            <b
              style={{
                width: `${100 * (s.share ?? 0)}%`,
                background: e.form === "market" ? mood(s.share) : undefined,
              }}
            />
          </i>
          <small>{s.share === null ? t("not known yet") : `${Math.round(100 * s.share)} %`}</small>
        </li>
      ))}
    </ul>
  );
}
