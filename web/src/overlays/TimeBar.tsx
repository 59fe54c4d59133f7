// Time: the valley as it was, from what the catalog kept.
import { useEffect, useState } from "react";
import { useWords } from "../i18n/words";
import { CloseButton } from "../shared/CloseButton";
import { when } from "../shared/format";
import type { Moment } from "../state/consoleWire";
import { call } from "../state/live";

export const justAfter = (moment: Moment): number => moment.at + 1e-3;

interface TimeProps {
  shown: number | null; // the time that the valley shows; null is now
  onTime: (at: number | null) => void;
}

export function TimeBar({ shown, onTime, onClose }: TimeProps & { onClose: () => void }) {
  const t = useWords();
  const [moments, setMoments] = useState<Moment[] | null>(null);
  useEffect(() => {
    void call<Moment[]>("/v1/moments").then(setMoments, () => setMoments([]));
  }, []);
  return (
    <section className="past-bar" aria-label={t("Time")}>
      {!moments && <p>{t("Reading what happened…")}</p>}
      {moments?.length === 0 && <p>{t("Nothing has happened yet.")}</p>}
      {moments && moments.length > 0 && (
        <MomentSlider moments={moments} shown={shown} onTime={onTime} />
      )}
      <CloseButton label={t("Back to now")} onClose={onClose} />
    </section>
  );
}

function MomentSlider({ moments, shown, onTime }: TimeProps & { moments: Moment[] }) {
  const t = useWords();
  const now = moments.length; // the place after the last moment
  const [at, setAt] = useState(now);
  const to = (place: number) => {
    const next = Math.max(0, Math.min(now, place));
    setAt(next);
    onTime(next === now ? null : justAfter(moments[next]));
  };
  const here = moments.at(at);
  const time = here ? when(here.at) : t("now");
  return (
    <>
      <label>
        {t("Moment")}{" "}
        <input
          type="range"
          min={0}
          max={now}
          value={at}
          aria-valuetext={here ? t("{}: {}", time, `${t(here.what)} ${here.name}`) : time}
          onChange={(e) => to(Number(e.target.value))}
        />
      </label>
      <p aria-live="polite">
        <b>{time}</b> {here && t("{}: {}", t(here.what), here.name)}
        {here && shown === null && ` · ${t("loading…")}`}
      </p>
      <button onClick={() => to(at - 1)}>{t("Earlier")}</button>
      <button disabled={at === now} onClick={() => to(at + 1)}>
        {t("Later")}
      </button>
    </>
  );
}
