// The past of a prediction, down to the rows of its files.
import { useEffect, useState } from "react";
import { useWords } from "../i18n/words";
import { when } from "../shared/format";
import type { Lineage as Past } from "../state/consoleWire";
import { call } from "../state/live";
import { Empty, Fault } from "./parts";

interface Answer {
  asked: string;
  past: Past | null;
  fault: string;
}

/** The past of a prediction, or why there is none; neither while the answer is on its way. */
function usePast(asked: string): Answer {
  const [answer, setAnswer] = useState<Answer>({ asked: "", past: null, fault: "" });
  useEffect(() => {
    if (!asked) return;
    let mine = true; // an answer that comes after another was asked for is not shown
    const keep = (found: Omit<Answer, "asked">) => {
      if (mine) setAnswer({ asked, ...found });
    };
    void call<Past>(`/v1/lineage/${encodeURIComponent(asked)}`).then(
      (past) => keep({ past, fault: "" }),
      (error: Error) => keep({ past: null, fault: error.message }),
    );
    return () => {
      mine = false;
    };
  }, [asked]);
  return answer.asked === asked ? answer : { asked, past: null, fault: "" };
}

export function Lineage({ asked, ask }: { asked: string; ask: (id: string) => void }) {
  const t = useWords();
  const { past, fault } = usePast(asked);
  return (
    <section id="lineage" aria-labelledby="followed">
      <h2 id="followed">{t("Past of a prediction")}</h2>
      <AskForm asked={asked} ask={ask} />
      <Fault text={fault} />
      {!past && !fault && (
        <Empty>
          {asked
            ? t("Looking…")
            : t(
                "Every prediction comes with an id; give one here, or choose one among a service's last predictions.",
              )}
        </Empty>
      )}
      {past && <PastList past={past} />}
    </section>
  );
}

function AskForm({ asked, ask }: { asked: string; ask: (id: string) => void }) {
  const t = useWords();
  const [id, setId] = useState(asked);
  const [before, setBefore] = useState(asked);
  if (before !== asked) {
    setBefore(asked);
    setId(asked);
  }
  return (
    <form
      className="ask"
      onSubmit={(e) => {
        e.preventDefault();
        ask(id.trim());
      }}
    >
      <input
        aria-label={t("Prediction id")}
        placeholder="p-…"
        value={id}
        onChange={(e) => setId(e.target.value)}
      />
      <button>{t("Follow")}</button>
    </form>
  );
}

function PastList({ past }: { past: Past }) {
  const t = useWords();
  const { prediction, version, recipe, snapshot, rows } = past;
  return (
    <ol className="past">
      <li>
        <b>{labelOf(prediction)}</b> {t("by {}, {}", prediction.service, when(prediction.at))}
      </li>
      <li>
        {t("version")} <b>{version.id}</b>
        {t(", ")}
        {t("{}, {} head, content {}", recipe.method, recipe.head, version.content ?? "")}
      </li>
      <li>
        {t("snapshot")} <b>{snapshot.id}</b>
        {t(", ")}
        {t("{} rows kept of {}", snapshot.account.kept, snapshot.account.in)}
      </li>
      {Object.entries(past.files).map(([file, print]) => (
        <li key={file}>
          {t("file")} <b>{file}</b>
          {t(", ")}
          {t("fingerprint {}", print)}
        </li>
      ))}
      <li>
        <b>{rows.training}</b> {t("training rows")}
        {t(": ")}
        {Object.entries(rows.lines).map(([file, lines]) => (
          <span key={file}>
            {file} {t("lines")} <small>{lines.slice(0, 400)}</small>
          </span>
        ))}
      </li>
    </ol>
  );
}

const labelOf = ({ output }: Past["prediction"]): string => String(output.label ?? "");
