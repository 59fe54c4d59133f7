// What a place shows, in words: districts and their mood, answers and how often, and in a shop the shelf that follows what the visitor likes.
import { useEffect, useRef, useState } from "react";
import { mood } from "../elements/stalls";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import type { Element, Stall } from "../state/wire";

export function Stalls({ e }: { e: Element }) {
  const t = useWords();
  if (!e.stalls.length) return <p><small>{t("Nothing was answered here of late.")}</small></p>;
  return (
    <ul className="stalls" aria-label={t(e.form === "market" ? "districts" : "answers of late")}>
      {e.stalls.map((s) => (
        <li key={s.name} className={s.state} title={s.says}>
          <span><b>{t(s.name)}</b>{s.state === "alarm" && <em> {t("storm")}</em>} <small>{t("{} answers", s.count)}</small></span>
          <i aria-hidden="true"><b style={{ width: `${100 * (s.share ?? 0)}%`, background: e.form === "market" ? mood(s.share) : undefined }} /></i>
          <small>{s.share === null ? t("not known yet") : `${Math.round(100 * s.share)} %`}</small>
        </li>
      ))}
    </ul>
  );
}

interface Good { item: string; score: number; said?: string; because?: string; explored?: number }

/** The shelf of one visitor: what they like brings what is near it, each thing with the one it rests on. Who they are is never asked. */
export function Shelf({ e, onShelf }: { e: Element; onShelf: (goods: Stall[] | null) => void }) {
  const t = useWords(), service = e.speaks_for!;
  const [liked, like] = useState<{ item: string; said: string }[]>([]);
  const [goods, fill] = useState<Good[]>([]);
  const [fault, fail] = useState("");
  const asked = useRef(0);
  useEffect(() => {
    const mine = ++asked.current;
    void call<{ items: Good[] }>(`/v1/services/${encodeURIComponent(service)}/predict`, { liked: liked.map((l) => l.item).join(";") }).then((said) => {
      if (mine !== asked.current) return;
      fill(said.items); fail("");
      onShelf(said.items.map((g, i) => ({ name: (g.said || g.item).split(". ")[0]!, count: said.items.length - i, share: 1 - i / said.items.length, state: "fine", says: g.because ?? "" })));
    }, (error: Error) => { if (mine === asked.current) fail(error.message); });
  }, [liked, service, onShelf]);
  useEffect(() => () => onShelf(null), [onShelf]);
  const named = (item: string) => liked.find((l) => l.item === item)?.said ?? item;
  return (
    <section className="shelf" aria-label={t("your shelf")}>
      <p><b>{t("your shelf")}</b> <small>{t("Say what you like; the shelf follows. It never asks who you are.")}</small></p>
      {liked.length > 0 && <p className="liked">{liked.map((l) => <button key={l.item} type="button" onClick={() => like((old) => old.filter((o) => o.item !== l.item))} aria-label={t("no longer {}", l.said)}>♥ {l.said} ×</button>)}</p>}
      {fault && <p className="bad" role="alert">{fault}</p>}
      <ul aria-live="polite">{goods.map((g) => (
        <li key={g.item}><span><b>{g.said || g.item}</b> <small>{g.explored !== undefined ? t("something new") : g.because ? t("because you like {}", named(g.because)) : t(liked.length ? "by all that you like" : "many take it")}</small></span><button type="button" onClick={() => like((old) => [...old, { item: g.item, said: g.said || g.item }].slice(-20))}>♡ {t("I like it")}</button></li>
      ))}</ul>
    </section>
  );
}
