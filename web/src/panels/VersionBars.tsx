// The versions of a model side by side, each with its score as a bar.
import { useWords } from "../i18n/words";
import { short } from "../shared/format";

export interface VersionFact {
  id: string;
  state: string;
  why: string;
  at: number;
  score?: number;
}

const MOST = 8; // versions shown at most

export function VersionBars({ versions }: { versions: VersionFact[] }) {
  const t = useWords();
  const top = Math.max(1e-9, ...versions.map((v) => v.score ?? 0));
  return (
    <details open={versions.length > 1}>
      <summary>{t("versions side by side")}</summary>
      <ul className="sides">
        {versions.slice(-MOST).map((v) => (
          <li key={v.id}>
            <span>
              <b>{v.id}</b> {t(v.state)}
            </span>
            {typeof v.score === "number" && (
              <i aria-hidden="true">
                <b
                  className={v.state}
                  style={{ width: `${(Math.max(0, v.score) / top) * 100}%` }}
                />
              </i>
            )}
            <small>
              {typeof v.score === "number" && short(v.score)} · {v.why}
            </small>
          </li>
        ))}
      </ul>
    </details>
  );
}
