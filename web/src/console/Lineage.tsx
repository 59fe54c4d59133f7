// The past of a prediction, down to the rows of its files.
import { useEffect, useState, type FormEvent } from "react";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import { Empty, when, type Any } from "./parts";

export function Lineage({ asked, ask }: { asked: string; ask: (id: string) => void }) {
  const t = useWords();
  const [id, type] = useState(asked);
  const [past, set] = useState<Any | null>(null);
  const [fault, fail] = useState("");
  useEffect(() => { type(asked); set(null); if (asked) void call<Any>(`/v1/lineage/${encodeURIComponent(asked)}`).then((p) => { set(p); fail(""); }, (e: Error) => fail(e.message)); }, [asked]);
  return (
    <section id="lineage" aria-labelledby="followed"><h2 id="followed">{t("Past of a prediction")}</h2>
      <form className="ask" onSubmit={(e: FormEvent) => { e.preventDefault(); ask(id.trim()); }}><input aria-label={t("Prediction id")} placeholder="p-…" value={id} onChange={(e) => type(e.target.value)} /><button>{t("Follow")}</button></form>
      {fault && <p className="bad" role="alert">{fault}</p>}
      {!past && !fault && <Empty>{asked ? t("Looking…") : t("Every prediction comes with an id; give one here, or choose one among a service's last predictions.")}</Empty>}
      {past && <ol className="past"><li><b>{past.prediction.output.label}</b> {t("by {}, {}", past.prediction.service, when(past.prediction.at))}</li><li>{t("version")} <b>{past.version.id}</b>, {past.recipe.method}, {past.recipe.head} head, content {past.version.content}</li><li>{t("snapshot")} <b>{past.snapshot.id}</b>, {t("{} rows kept of {}", past.snapshot.account.kept, past.snapshot.account.in)}</li>{Object.entries(past.files).map(([f, c]) => <li key={f}>{t("file")} <b>{f}</b>, {t("print {}", String(c))}</li>)}<li><b>{past.rows.training}</b> {t("training rows")}: {Object.entries(past.rows.lines as Any).map(([f, l]) => <span key={f}>{f} {t("lines")} <small>{String(l).slice(0, 400)}</small></span>)}</li></ol>}
    </section>
  );
}
