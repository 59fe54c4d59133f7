// Who is here and what they say.
import { useState, type FormEvent } from "react";
import { useWords } from "../i18n/words";
import { CloseButton } from "../shared/CloseButton";
import { listed } from "../shared/format";
import type { Visitors } from "../state/visitors";

const NAMED = 12; // people named; the others are counted

export function PeoplePanel({
  visitors,
  onName,
  onClose,
}: {
  visitors: Visitors;
  onName: (name: string) => void;
  onClose: () => void;
}) {
  const t = useWords();
  return (
    <aside className="company" aria-label={t("People here")}>
      <header>
        <h2>{t("People here")}</h2>
        <CloseButton label={t("Close the list of people")} onClose={onClose} />
      </header>
      <NameForm name={visitors.name} onName={onName} />
      <Others visitors={visitors} />
      <div className="said" aria-live="polite">
        {visitors.said.map((line, i) => (
          <p key={i} className={line.who === visitors.me ? "you" : "them"}>
            <b>{line.name}</b> {line.say}
          </p>
        ))}
      </div>
      <SayForm onSay={(words) => visitors.say(words)} />
    </aside>
  );
}

function Others({ visitors }: { visitors: Visitors }) {
  const t = useWords();
  const others = [...visitors.people.values()].filter((p) => p.id !== visitors.me);
  if (others.length === 0) return <p>{t("Nobody else is here now.")}</p>;
  const names = others.slice(0, NAMED).map((p) => p.name);
  const more = others.length - names.length;
  return (
    <p>
      {listed(names)}
      {more > 0 && ` ${t("and {} more", more)}`}
    </p>
  );
}

function NameForm({ name: first, onName }: { name: string; onName: (name: string) => void }) {
  const t = useWords();
  const [name, setName] = useState(first);
  const take = (event: FormEvent) => {
    event.preventDefault();
    onName(name);
  };
  return (
    <form onSubmit={take}>
      <input
        aria-label={t("Your name")}
        value={name}
        maxLength={40}
        onChange={(e) => setName(e.target.value)}
      />
      <button>{t("Take this name")}</button>
    </form>
  );
}

function SayForm({ onSay }: { onSay: (words: string) => void }) {
  const t = useWords();
  const [text, setText] = useState("");
  const say = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) onSay(text.trim());
    setText("");
  };
  return (
    <form onSubmit={say}>
      <input
        aria-label={t("Say something to those here")}
        value={text}
        maxLength={280}
        placeholder={t("Hello…")}
        onChange={(e) => setText(e.target.value)}
      />
      <button>{t("Say")}</button>
    </form>
  );
}
