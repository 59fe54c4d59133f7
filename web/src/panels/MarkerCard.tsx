// Putting a marker down, and the card of one that stands: its words are written by all who have it open, at once.
import { useLayoutEffect, useRef, useState, type FormEvent } from "react";
import type { Marker, Markers } from "../state/markers";
import { useWords } from "../i18n/words";
import type { Element } from "../state/wire";
import { ahead } from "../world/Markers";

const BESIDE = 6.5, WORDS = 500; // metres from the middle of a thing, and characters on a marker
const LOOKS = ""; // the choice that names no thing

/** A spot beside a thing, another one for each marker that stands there already. */
function beside(e: Element, all: Marker[]): { x: number; z: number; turn: number } {
  for (let i = 0; ; i++) {
    const a = 0.9 + i * 0.55, reach = BESIDE + (e.kind === "lake" ? 6 : 0) + 1.6 * Math.floor(i / 11), x = e.x + Math.sin(a) * reach, z = e.z + Math.cos(a) * reach;
    if (all.every((m) => Math.hypot(m.x - x, m.z - z) > 1.2) || i > 400) return { x: Math.round(x * 100) / 100, z: Math.round(z * 100) / 100, turn: a };
  }
}

function Where({ value, drawn, elements, onChange }: { value: string; drawn: boolean; elements: Element[]; onChange: (id: string) => void }) {
  const t = useWords();
  return <label>{t("Where")} <select value={value} onChange={(e) => onChange(e.target.value)}>{drawn && <option value={LOOKS}>{t("where I look")}</option>}{elements.map((e) => <option key={e.id} value={e.id}>{t("beside {}", e.name)}</option>)}</select></label>;
}

export function PutDown({ markers, elements, drawn, name, onChoose, onClose }: { markers: Markers; elements: Element[]; drawn: boolean; name: string; onChoose: (id: string) => void; onClose: () => void }) {
  const t = useWords();
  const [form, take] = useState("flag");
  const [words, write] = useState("");
  const [at, go] = useState(drawn ? LOOKS : elements[0]?.id ?? LOOKS);
  const put = (event: FormEvent) => {
    event.preventDefault();
    const e = elements.find((one) => one.id === at);
    onChoose(markers.put({ form, ...(e ? beside(e, markers.all) : { ...ahead }), who: name, words: words.trim() }));
  };
  return (
    <aside className="company putdown" aria-label={t("Put a marker down")}>
      <header><h2>{t("Put a marker down")}</h2><button className="x" onClick={onClose} aria-label={t("Close")}>×</button></header>
      <p><small>{t("Whoever is here sees it, may move it and may write on it. It stays until it is taken away.")}</small></p>
      {!markers.linked && <p role="status">{t("The link is lost; what you put down is told when it is back.")}</p>}
      {markers.linked && !markers.may ? <p role="status">{t("Your token may only look on.")}</p> : (
        <form className="tall" onSubmit={put}>
          <fieldset><legend>{t("What")}</legend>{(markers.forms.length ? markers.forms : ["flag"]).map((f) => <label key={f}><input type="radio" name="form" checked={form === f} onChange={() => take(f)} /> {t(f)}</label>)}</fieldset>
          <Where value={at} drawn={drawn} elements={elements} onChange={go} />
          <label>{t("Words on it")}<textarea rows={3} maxLength={WORDS} value={words} onChange={(e) => write(e.target.value)} /></label>
          <button className="go">{t("Put it down")}</button>
        </form>)}
    </aside>
  );
}

function Words({ id, markers }: { id: string; markers: Markers }) {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => (field.current ? markers.bind(id, field.current) : undefined), [id, markers, markers.born]);
  return <textarea ref={field} rows={5} maxLength={WORDS} />;
}

export function MarkerCard({ one, markers, elements, drawn, carried, onCarry, onClose }: { one: Marker; markers: Markers; elements: Element[]; drawn: boolean; carried: boolean; onCarry: (yes: boolean) => void; onClose: () => void }) {
  const t = useWords();
  const set = () => { markers.move(one.id, ahead.x, ahead.z, ahead.turn); onCarry(false); };
  return (
    <aside className="card marker" aria-label={t("{} by {}", t(one.form), one.who)}>
      <header><div><h2>{t("{} by {}", t(one.form), one.who)}</h2><small>{t("a marker")} · {new Date(one.at * 1000).toLocaleString()}</small></div><button className="x" onClick={onClose} aria-label={t("Close the card")}>×</button></header>
      {markers.may ? <>
        <label>{t("Words on it")}<Words id={one.id} markers={markers} /></label>
        <p><small>{t("Whoever has it open writes on it with you.")}</small></p>
        <div className="levers">
          {drawn && (carried ? <button className="go" onClick={set}>{t("Set it down here")}</button> : <button onClick={() => onCarry(true)}>{t("Carry it")}</button>)}
          <button className="danger" onClick={() => { onClose(); markers.take(one.id); }}>{t("Take it away")}</button>
        </div>
        {carried && <p role="status">{t("It goes where you look. Walk, and set it down.")}</p>}
        <label>{t("Set it beside")} <select value="" onChange={(ev) => { const e = elements.find((x) => x.id === ev.target.value); if (e) { const to = beside(e, markers.all); markers.move(one.id, to.x, to.z, to.turn); onCarry(false); } }}><option value="">…</option>{elements.map((e) => <option key={e.id} value={e.id}>{e.name}</option>)}</select></label>
      </> : <p>{one.words || t("No words stand on it.")}</p>}
    </aside>
  );
}
