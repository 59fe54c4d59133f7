// Something that changes what is: asked again, with a reason, before it is done.
import { useState, type FormEvent } from "react";
import { useWords } from "../i18n/words";

interface Question {
  name: string;
  question: string;
  danger?: boolean;
  reasoned?: boolean; // a reason has to be given
}

export function ConfirmDialog({
  act,
  ...question
}: Question & { act: (why: string) => Promise<string> }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [notice, setNotice] = useState("");
  const [why, setWhy] = useState(""); // kept where somebody says no, or where it fails
  const confirm = async () => {
    setBusy(true);
    try {
      setNotice(await act(why.trim() || "by hand"));
      setAsking(false);
      setWhy("");
    } catch (error) {
      setNotice((error as Error).message);
    }
    setBusy(false);
  };
  return (
    <span className="act">
      {!asking && (
        <button
          className={question.danger ? "danger" : ""}
          onClick={() => {
            setAsking(true);
            setNotice("");
          }}
        >
          {question.name}
        </button>
      )}
      {asking && (
        <ReasonForm
          {...question}
          why={why}
          busy={busy}
          onWhy={setWhy}
          onYes={() => void confirm()}
          onNo={() => setAsking(false)}
        />
      )}
      {notice && <span role="status"> {notice}</span>}
    </span>
  );
}

function ReasonForm({
  name,
  question,
  danger,
  reasoned,
  why,
  busy,
  onWhy,
  onYes,
  onNo,
}: Question & {
  why: string;
  busy: boolean;
  onWhy: (why: string) => void;
  onYes: () => void;
  onNo: () => void;
}) {
  const t = useWords();
  const send = (event: FormEvent) => {
    event.preventDefault();
    onYes();
  };
  return (
    <form onSubmit={send} role="group" aria-label={name}>
      <p>{question}</p>
      <input
        autoFocus
        aria-label={t("Why")}
        placeholder={t("Why? It is written into the audit.")}
        value={why}
        maxLength={200}
        required={reasoned}
        pattern={reasoned ? ".*\\S.*" : undefined}
        onChange={(e) => onWhy(e.target.value)}
      />
      <button disabled={busy} className={danger ? "danger" : "go"}>
        {t("Yes, do it")}
      </button>{" "}
      <button type="button" onClick={onNo}>
        {t("No")}
      </button>
    </form>
  );
}
