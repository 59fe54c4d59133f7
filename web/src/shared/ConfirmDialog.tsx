// Something that changes what is: asked again, with a reason, before it is done.
import { useState, type FormEvent } from "react";
import { useWords } from "../i18n/words";

export function ConfirmDialog({ name, question, danger, reasoned, act }: { name: string; question: string; danger?: boolean; reasoned?: boolean; act: (why: string) => Promise<string> }) {
  const t = useWords();
  const [asking, ask] = useState(false);
  const [why, type] = useState("");
  const [busy, wait] = useState(false);
  const [notice, tell] = useState("");
  const done = async (event: FormEvent) => {
    event.preventDefault();
    wait(true);
    try { tell(await act(why.trim() || t("by hand"))); ask(false); type(""); } catch (e) { tell((e as Error).message); }
    wait(false);
  };
  return (
    <span className="act">
      {!asking && <button className={danger ? "danger" : ""} onClick={() => { ask(true); tell(""); }}>{name}</button>}
      {asking && (
        <form onSubmit={done} role="group" aria-label={name}>
          <p>{question}</p>
          <input autoFocus aria-label={t("Why")} placeholder={t("Why? It is written into the audit.")} value={why} maxLength={200} required={reasoned} pattern={reasoned ? ".*\\S.*" : undefined} onChange={(e) => type(e.target.value)} />
          <button disabled={busy} className={danger ? "danger" : "go"}>{t("Yes, do it")}</button> <button type="button" onClick={() => ask(false)}>{t("No")}</button>
        </form>
      )}
      {notice && <span role="status"> {notice}</span>}
    </span>
  );
}
