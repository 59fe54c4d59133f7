// Notes that people left on a thing, and a place to leave one.
import { useCallback, useEffect, useState, type FormEvent } from "react";
import { useWords } from "../i18n/words";
import { when } from "../shared/format";
import type { Note } from "../state/consoleWire";
import { call } from "../state/live";

const EVERY_MS = 4000; // between two looks

/** The notes on a thing, read anew every few seconds. */
function useNotes(on: string) {
  const [all, setAll] = useState<Note[]>([]);
  const load = useCallback(() => call<Note[]>("/v1/notes").then(setAll, () => undefined), []);
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), EVERY_MS);
    return () => clearInterval(timer);
  }, [load, on]);
  return { notes: all.filter((note) => note.on === on), load };
}

export function Notes({ on, name }: { on: string; name: string }) {
  const t = useWords();
  const { notes, load } = useNotes(on);
  const [text, setText] = useState("");
  const [notice, setNotice] = useState("");
  const leave = async (event: FormEvent) => {
    event.preventDefault();
    if (!text.trim()) return;
    try {
      await call("/v1/notes", { on, text: text.trim(), who: name });
      setText("");
      setNotice("");
      await load();
    } catch (error) {
      setNotice((error as Error).message);
    }
  };
  return (
    <details className="notes" open={notes.length > 0}>
      <Summary many={notes.length} />
      {notes.map((note) => (
        <p key={note.id}>
          <b>{note.name}</b> {note.text} <small>{when(note.at)}</small>
        </p>
      ))}
      <form onSubmit={(event) => void leave(event)}>
        <input
          aria-label={t("A note for others")}
          value={text}
          maxLength={1000}
          onChange={(e) => setText(e.target.value)}
        />
        <button>{t("Leave")}</button>
      </form>
      {notice && <p role="status">{notice}</p>}
    </details>
  );
}

function Summary({ many }: { many: number }) {
  const t = useWords();
  if (many === 0) return <summary>{t("Leave a note")}</summary>;
  return <summary>{many === 1 ? t("1 note") : t("{} notes", many)}</summary>;
}
