// What is being made now: the last sentences, and the loss as it falls.
import { useEffect, useState } from "react";
import { useWords } from "../i18n/words";
import type { RunningWork as Work } from "../state/consoleWire";
import { call } from "../state/live";
import { LossCurve } from "./models/LossCurve";

export function RunningWork() {
  const t = useWords();
  const [found, setFound] = useState<Work[]>([]);
  useEffect(() => {
    const load = () => call<Work[]>("/v1/work").then(setFound, () => setFound([]));
    void load();
    const timer = setInterval(load, 1000);
    return () => clearInterval(timer);
  }, []);
  if (!found.length) return null;
  return (
    <section aria-live="off">
      <h2>{t("Building")}</h2>
      <div className="cards">
        {found.map((work) => (
          <WorkCard key={work.address} work={work} />
        ))}
      </div>
    </section>
  );
}

function WorkCard({ work }: { work: Work }) {
  const t = useWords();
  const passed = Math.round((work.at ?? work.began) - work.began);
  return (
    <article>
      <h3>
        {work.address}{" "}
        <small>
          {t("for {} s", Math.max(0, passed))}
          {work.left ? t(", ") + t("{} s left", work.left) : ""}
        </small>
      </h3>
      {(work.points.length > 1 || work.epochs.length > 0) && (
        <LossCurve points={work.points} epochs={work.epochs} />
      )}
      <ul className="told">
        {work.lines.map((line, i) => (
          <li key={i}>{line}</li>
        ))}
      </ul>
    </article>
  );
}
