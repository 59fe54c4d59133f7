// A talk with an inhabitant: every sentence shows what it rests on, and its way through the valley lights up. What was said stays on this page.
import { useRef, useState, type FormEvent } from "react";
import { call } from "../state/live";
import { sentence, useWords, type Say } from "../i18n/words";
import type { Element } from "../state/wire";

export interface Sentence { text: string; path: string[]; files: Record<string, string>; rests: { file?: string; line?: number; question?: string; says?: string; likeness?: number; thing?: string; revision?: number; version?: string; snapshot?: string } | null }
interface Turn { by: "you" | "them" | "notice"; text: string; sentences?: Sentence[] }

const VOICE = "speechSynthesis" in window;

/** A sentence in the page's own words. */
export function toldOf(s: Sentence, things: Map<string, Element>, t: Say): string {
  const e = s.rests?.thing ? things.get(s.rests.thing) : undefined;
  return s.rests === null ? t(s.text) : e && e.weather.length === 0 ? sentence(e, t) : s.text;
}

/** What a sentence rests on. */
export function groundOf(s: Sentence, t: Say): string {
  const r = s.rests, files = Object.keys(s.files).join(", ");
  if (!r) return "";
  if (r.line !== undefined) return t("{}, line {}: “{}” (likeness {})", r.file ?? "", r.line, r.question ?? "", (r.likeness ?? 0).toFixed(2));
  return r.version ? t("{} of {}, from {}", r.version, r.snapshot ?? "", files) : t("as it is at revision {}, from {}", r.revision ?? "", files || t("no file yet"));
}

/** What the inhabitant of a place answers. */
export const asked = (place: string, messages: { role: string; content: string }[]) => call<{ sentences: Sentence[] }>(`/v1/places/${encodeURIComponent(place)}/talk`, { messages });

export function Talk({ who, place, things, onPath }: { who: string; place: string; things: Map<string, Element>; onPath: (ids: string[]) => void }) {
  const t = useWords();
  const [said, add] = useState<Turn[]>([{ by: "them", text: t("I am {}. Ask me; I answer from rows and records, and show you which.", who) }]);
  const [text, type] = useState("");
  const [busy, wait] = useState(false);
  const [aloud, speak] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const told = (s: Sentence) => toldOf(s, things, t), ground = (s: Sentence) => groundOf(s, t);
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    const question = text.trim();
    if (!question || busy) return;
    const mine: Turn[] = [...said, { by: "you", text: question }];
    add(mine); type(""); wait(true);
    try {
      const messages = mine.slice(1).filter((m) => m.by !== "notice").slice(-19).map((m) => ({ role: m.by === "you" ? "user" : "assistant", content: m.text }));
      const a = await asked(place, messages);
      const words = a.sentences.map(told).join(" ");
      add((old) => [...old, { by: "them", text: words.slice(0, 2000), sentences: a.sentences }]);
      onPath(a.sentences[0]?.path ?? []);
      if (aloud && VOICE) { speechSynthesis.cancel(); speechSynthesis.speak(new SpeechSynthesisUtterance(words)); }
    } catch (error) { add((old) => [...old, { by: "notice", text: (error as Error).message }]); }
    wait(false);
    setTimeout(() => end.current?.scrollIntoView({ block: "nearest" }), 30);
  };
  return (
    <div className="talk">
      <div className="said" aria-live="polite">
        {said.map((s, i) => (
          <div key={i} className={s.by === "you" ? "you" : "them"}>
            <b>{s.by === "you" ? t("you") : s.by === "them" ? who : t("notice")}</b>{" "}
            {s.sentences ? s.sentences.map((one, k) => <p key={k}>{told(one)}{one.rests && <small>{one.rests.says && <q>{one.rests.says}</q>} {ground(one)} {one.path.length > 1 && <button type="button" onClick={() => onPath(one.path)}>{t("Show the way")}</button>}</small>}</p>) : s.text}
          </div>
        ))}
        <div ref={end} />
      </div>
      <form onSubmit={ask}><input aria-label={t("Say something to {}", who)} value={text} maxLength={2000} placeholder={t("How is the credit lake?")} onChange={(e) => type(e.target.value)} /><button disabled={busy}>{t("Ask")}</button></form>
      {VOICE && <label className="aloud"><input type="checkbox" checked={aloud} onChange={(e) => { speak(e.target.checked); if (!e.target.checked) speechSynthesis.cancel(); }} /> {t("read answers aloud")}</label>}
    </div>
  );
}
