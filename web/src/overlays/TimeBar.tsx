// Time: the valley as it was, from what the catalog kept.
import { useEffect, useState } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";

export interface Moment { what: string; at: number; name: string }

export function Past({ shown, onTime, onClose }: { shown: number | null; onTime: (at: number | null) => void; onClose: () => void }) {
  const t = useWords();
  const [all, set] = useState<Moment[] | null>(null);
  const [k, move] = useState<number | null>(null);
  useEffect(() => { void call<Moment[]>("/v1/moments").then((m) => set(m), () => set([])); }, []);
  const to = (i: number | null) => { move(i); onTime(i === null || !all ? null : all[i]!.at + 1e-3); };
  const here = k === null || !all ? null : all[k]!;
  return (
    <section className="past-bar" aria-label={t("Time")}>
      {!all && <p>{t("Reading what happened…")}</p>}
      {all && all.length === 0 && <p>{t("Nothing has happened yet.")}</p>}
      {all && all.length > 0 && (
        <>
          <label>{t("Moment")} <input type="range" min={0} max={all.length} value={k ?? all.length} aria-valuetext={here ? `${when(here.at)}: ${t(here.what)} ${here.name}` : t("now")} onChange={(e) => { const v = Number(e.target.value); to(v >= all.length ? null : v); }} /></label>
          <p aria-live="polite"><b>{here ? when(here.at) : t("now")}</b> {here && `${t(here.what)}: ${here.name}`}{here && shown === null && ` · ${t("loading…")}`}</p>
          <button onClick={() => to(Math.max(0, (k ?? all.length) - 1))}>{t("Earlier")}</button>
          <button disabled={k === null} onClick={() => to(k === null || k + 1 >= all.length ? null : k + 1)}>{t("Later")}</button>
        </>
      )}
      <button className="x" onClick={onClose} aria-label={t("Back to now")}>×</button>
    </section>
  );
}

export const when = (at: number): string => new Date(at * 1000).toLocaleString();
