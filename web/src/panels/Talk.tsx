// A talk with an inhabitant: every sentence shows what it rests on, and its way through the valley lights up. What was said stays on this page.
import { useRef, useState, type FormEvent } from "react";
import { pageLocale, useWords } from "../i18n/words";
import type { Sentence } from "../state/consoleWire";
import { askPlace, groundText, type Message } from "../shared/talking";

interface Turn {
  by: "you" | "them" | "notice";
  text: string;
  sentences?: Sentence[];
}
interface TalkProps {
  who: string;
  place: string;
  onPath: (ids: string[]) => void;
}

const VOICE = "speechSynthesis" in window;
const REMEMBERED = 19; // turns that the inhabitant is told again

function speak(words: string): void {
  speechSynthesis.cancel();
  const speech = new SpeechSynthesisUtterance(words);
  speech.lang = pageLocale();
  speechSynthesis.speak(speech);
}

/** What was said so far, without the greeting and the notices. */
const messagesOf = (turns: Turn[]): Message[] =>
  turns
    .slice(1)
    .filter((turn) => turn.by !== "notice")
    .slice(-REMEMBERED)
    .map((turn) => ({ role: turn.by === "you" ? "user" : "assistant", content: turn.text }));

function useTalk({ who, place, onPath }: TalkProps) {
  const t = useWords();
  const greeting = t("I am {}. Ask me; I answer from rows and records, and show you which.", who);
  const [turns, setTurns] = useState<Turn[]>([{ by: "them", text: greeting }]);
  const [busy, setBusy] = useState(false);
  const add = (turn: Turn) => setTurns((old) => [...old, turn]);
  const ask = async (question: string, aloud: boolean) => {
    const mine: Turn[] = [...turns, { by: "you", text: question }];
    setTurns(mine);
    setBusy(true);
    try {
      const { sentences } = await askPlace(place, messagesOf(mine));
      const words = sentences.map((one) => one.text).join(" ");
      add({ by: "them", text: words.slice(0, 2000), sentences });
      onPath(sentences[0]?.path ?? []);
      if (aloud && VOICE) speak(words);
    } catch (error) {
      add({ by: "notice", text: (error as Error).message });
    }
    setBusy(false);
  };
  return { turns, busy, ask };
}

export function Talk(props: TalkProps) {
  const t = useWords();
  const { turns, busy, ask } = useTalk(props);
  const [text, setText] = useState("");
  const [aloud, setAloud] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    const question = text.trim();
    if (!question || busy) return;
    setText("");
    await ask(question, aloud);
    setTimeout(() => end.current?.scrollIntoView({ block: "nearest" }), 30);
  };
  return (
    <div className="talk">
      <div className="said" aria-live="polite">
        {turns.map((turn, i) => (
          <TurnText key={i} turn={turn} {...props} />
        ))}
        <div ref={end} />
      </div>
      <form onSubmit={(event) => void send(event)}>
        <input
          aria-label={t("Say something to {}", props.who)}
          value={text}
          maxLength={2000}
          placeholder={t("How is the credit lake?")}
          onChange={(e) => setText(e.target.value)}
        />
        <button disabled={busy}>{t("Ask")}</button>
      </form>
      {VOICE && <ReadAloud aloud={aloud} onChange={setAloud} />}
    </div>
  );
}

function TurnText({ turn, who, onPath }: { turn: Turn } & TalkProps) {
  const t = useWords();
  const speaker = { you: t("you"), them: who, notice: t("notice") }[turn.by];
  return (
    <div className={turn.by === "you" ? "you" : "them"}>
      <b>{speaker}</b>{" "}
      {turn.sentences?.map((told, i) => (
        <p key={i}>
          {told.text}
          {told.rests && <Rests told={told} onPath={onPath} />}
        </p>
      )) ?? turn.text}
    </div>
  );
}

function Rests({ told, onPath }: { told: Sentence; onPath: (ids: string[]) => void }) {
  const t = useWords();
  return (
    <small>
      {told.rests?.says && <q>{told.rests.says}</q>} {groundText(told, t)}{" "}
      {told.path.length > 1 && (
        <button type="button" onClick={() => onPath(told.path)}>
          {t("Show the way")}
        </button>
      )}
    </small>
  );
}

function ReadAloud({ aloud, onChange }: { aloud: boolean; onChange: (aloud: boolean) => void }) {
  const t = useWords();
  return (
    <label className="aloud">
      <input
        type="checkbox"
        checked={aloud}
        onChange={(e) => {
          onChange(e.target.checked);
          if (!e.target.checked) speechSynthesis.cancel();
        }}
      />{" "}
      {t("read answers aloud")}
    </label>
  );
}
