// What the board of a headset shows: the same words and levers as the page's cards, as lines and buttons.
import { useEffect, useState } from "react";
import { call } from "../state/live";
import type { Marker, Markers } from "../state/markers";
import { runs, sentence, useWords } from "../i18n/words";
import type { Element, Scene } from "../state/wire";
import type { BoardPanel } from "./Board";
import { lever, NAMES, show } from "../panels/ElementCard";
import { when, type Moment } from "../overlays/TimeBar";
import { asked, groundOf, toldOf } from "../panels/Talk";
import { figure, useWhatIf, type Input } from "../shared/WhatIf";

type Screen = { is: "none" | "menu" | "card" | "ask" | "time" } | { is: "list" | "if" | "follow"; from: number } | { is: "sure"; question: string; act: (why: string) => Promise<string> } | { is: "told"; title: string; lines: string[]; path: string[] };
export interface Desk {
  on: boolean; walks: boolean; scene: Scene | null; e: Element | undefined; mark: Marker | undefined; markers: Markers | null; past: Scene | null; path: Element[];
  choose: (id: string | null) => void; go: (e: Element) => void; follow: (on: boolean) => void; light: (ids: string[]) => void; back: (at: number | null) => void; lamp: () => void; leave: () => void;
}

const SOME = 6, INPUTS = 3, STEPS = 10;

export function useBoardPanel(d: Desk): { sheet: BoardPanel | null; menu: () => void } {
  const t = useWords();
  const [screen, turn] = useState<Screen>({ is: "menu" });
  const [moments, keep] = useState<Moment[]>([]);
  const [k, move] = useState(0); // moments from now
  const subject = d.e?.id ?? d.mark?.id ?? "";
  useEffect(() => { if (subject) turn({ is: "card" }); else turn((old) => (old.is === "card" ? { is: "none" } : old)); }, [subject]);
  useEffect(() => { if (d.on) turn(subject ? { is: "card" } : { is: "menu" }); }, [d.on]); // eslint-disable-line react-hooks/exhaustive-deps
  const asks = d.e?.kind === "lighthouse" ? d.e.name : d.e?.kind === "counter" && d.e.form !== "shop" ? d.e.speaks_for : null;
  const desk = useWhatIf(screen.is === "if" ? asks : null);
  const menu = () => turn((old) => (old.is === "menu" ? { is: subject ? "card" : "none" } : { is: "menu" }));
  if (!d.on || !d.scene || screen.is === "none") return { sheet: null, menu };

  const { scene, e, mark, markers } = d;
  const by = new Map(scene.elements.map((one) => [one.id, one]));
  const shut = { name: t("Close"), act: () => { d.choose(null); turn({ is: "none" }); } }, home = { name: t("Back"), act: () => turn({ is: subject ? "card" : "menu" }) };
  const tell = (title: string, lines: string[], path: string[] = []) => { turn({ is: "told", title, lines, path }); d.light(path); };
  const fault = (title: string) => (error: Error) => tell(title, [error.message]);

  if (screen.is === "sure") return { menu, sheet: { key: "sure", title: t("Are you sure?"), lines: [screen.question, t("It is written into the audit.")], acts: [
    { name: t("Yes, do it"), danger: true, act: () => { void screen.act(t("by hand, in a headset")).then((said) => tell(t("Done"), [said]), fault(t("It was not done"))); } }, { name: t("No"), act: home.act }] } };
  if (screen.is === "told") return { menu, sheet: { key: "told", title: screen.title, lines: screen.lines, acts: [home, shut] } };

  if (screen.is === "list") {
    const all = [...scene.elements.map((one) => ({ id: one.id, name: one.name })), ...(markers?.all ?? []).map((m) => ({ id: m.id, name: t("{} by {}", t(m.form), m.who) }))], mine = all.slice(screen.from, screen.from + SOME);
    return { menu, sheet: { key: "menu", title: t("Everything in this world"), sub: `${screen.from + 1}–${screen.from + mine.length} / ${all.length}`, lines: [], aside: 0, acts: [
      ...mine.map((one) => ({ name: one.name, act: () => d.choose(one.id) })), { name: t("More"), act: () => turn({ is: "list", from: screen.from + SOME < all.length ? screen.from + SOME : 0 }) }, home] } };
  }
  if (screen.is === "time") {
    const here = k > 0 ? moments[moments.length - k] : undefined, to = (n: number) => { const at = Math.max(0, Math.min(moments.length, n)); move(at); d.back(at ? moments[moments.length - at]!.at + 1e-3 : null); };
    return { menu, sheet: { key: "menu", title: t("Time"), lines: [here ? when(here.at) : t("now"), here ? `${t(here.what)}: ${here.name}` : t("{} moments are kept.", moments.length)], acts: [
      { name: t("Earlier"), act: () => to(k + 1) }, { name: t("Later"), act: () => to(k - 1) }, { name: t("Back to now"), act: () => { to(0); turn({ is: "menu" }); } }] } };
  }
  if (screen.is === "follow") {
    const way = [...d.path].reverse(), at = Math.min(screen.from, Math.max(0, way.length - 1)), one = way[at];
    const step = (n: number) => turn({ is: "follow", from: n });
    return { menu, sheet: { key: "menu", title: t("Follow a request"), sub: way.length ? `${at + 1} / ${way.length}` : "", lines: one ? [one.name, sentence(one, t)] : [t("Looking for the last request…"), t("No request was answered yet; ask a service something, and follow it here.")], acts: [
      ...(at > 0 ? [{ name: t("Downstream"), act: () => step(at - 1) }] : []), ...(at < way.length - 1 ? [{ name: t("Upstream"), act: () => step(at + 1) }] : []), ...(one && d.walks ? [{ name: t("Go there"), act: () => d.go(one) }] : []),
      { name: t("Stop following"), act: () => { d.follow(false); turn({ is: "menu" }); } }] } };
  }
  if (screen.is === "menu" || (!e && !mark)) return { menu, sheet: { key: "menu", title: scene.ecosystem, sub: `${t("revision {}", scene.revision)} · ${scene.alerts.length ? t("{} alerts are open", scene.alerts.length) : t("no alert is open")}`, aside: 0.62, lines: [
    d.walks ? t("Point at a thing and press for its card, at the ground to go there. A stick aside turns you.") : t("Point at a thing and press for its card. A stick aside turns the valley."), t("Grip a marker to carry it; A or X puts a flag down. B or Y shows this board.")], acts: [
    { name: t("Everything in this world"), act: () => turn({ is: "list", from: 0 }) },
    { name: t("Follow a request"), act: () => { d.follow(true); turn({ is: "follow", from: 0 }); } },
    { name: t("Time"), act: () => { move(0); void call<Moment[]>("/v1/moments").then(keep, () => keep([])); turn({ is: "time" }); } },
    { name: t("Another light"), act: d.lamp }, { name: t("Leave the headset's view"), act: d.leave }, shut] } };

  if (mark) return { menu, sheet: { key: mark.id, title: t("{} by {}", t(mark.form), mark.who), sub: new Date(mark.at * 1000).toLocaleString(), lines: [mark.words || t("No words stand on it.")], acts: [
    ...(markers?.may ? [{ name: t("Take it away"), danger: true, act: () => { markers.take(mark.id); d.choose(null); } }] : []), shut] } };
  const one = e!;

  if (screen.is === "ask") {
    const near = [one.speaks_for ? by.get(`services.${one.speaks_for}`) : undefined, ...one.needs.map((id) => by.get(id))].filter((x): x is Element => Boolean(x));
    const questions = [t("Is any alert open?"), ...[...new Map(near.map((x) => [x.name, x])).values()].slice(0, 4).map((x) => t("How is {}?", x.name))];
    return { menu, sheet: { key: one.id, title: t("Ask {}", one.inhabitant ?? ""), lines: [t("The page takes questions in words; here are some to press.")], acts: [...questions.map((q) => ({ name: q, act: () => {
      void asked(one.name, [{ role: "user", content: q }]).then((a) => tell(q, a.sentences.flatMap((s) => [toldOf(s, by, t), groundOf(s, t)]).filter(Boolean), a.sentences[0]?.path ?? []), fault(q)); } })), home] } };
  }
  if (screen.is === "if") {
    const { form, row, said, fault: bad, put } = desk, inputs = (form?.inputs ?? []).filter((i) => (i.low !== undefined && i.high !== undefined && i.high > i.low) || (i.choices?.length ?? 0) > 1), mine = inputs.slice(screen.from, screen.from + INPUTS);
    const nudge = (i: Input, by: number) => {
      if (i.choices) { const n = i.choices.indexOf(String(row[i.name] ?? i.usual ?? "")); put(i.name, i.choices[(n + by + i.choices.length) % i.choices.length]!); return; }
      const next = Math.max(i.low!, Math.min(i.high!, Number(row[i.name] ?? i.usual ?? i.low) + (by * (i.high! - i.low!)) / STEPS));
      put(i.name, i.whole ? Math.round(next) : Math.round(next * 100) / 100);
    };
    const largest = said ? Object.entries(said.inputs).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 2).map(([name, v]) => `${name} ${v > 0 ? "+" : ""}${(said.number ? v : 100 * v).toFixed(1)}`) : [];
    return { menu, sheet: { key: one.id, title: said ? `${form?.predict ?? ""}: ${figure(said)}` : t("what if"), sub: said ? `${said.version} · ${largest.join(" · ")}` : "", lines: [bad || (form ? "" : t("Opening the desk…")), ...mine.map((i) => `${i.name}: ${row[i.name] ?? t("not given")}${i.unit ? ` ${i.unit}` : ""}`)].filter(Boolean), acts: [
      ...mine.flatMap((i) => [{ name: `− ${i.name}`, act: () => nudge(i, -1) }, { name: `+ ${i.name}`, act: () => nudge(i, 1) }]),
      ...(inputs.length > INPUTS ? [{ name: t("More inputs"), act: () => turn({ is: "if", from: screen.from + INPUTS < inputs.length ? screen.from + INPUTS : 0 }) }] : []), home] } };
  }

  const coming = (one.facts as { rollout?: string }).rollout, up = one.needs[0], down = scene.elements.find((x) => x.needs.includes(one.id));
  const facts = Object.entries(one.facts).filter(([name, v]) => name !== "versions" && (typeof v !== "object" || v === null)).slice(0, 6).map(([name, v]) => `${t(name.replaceAll("_", " "))}: ${name === "at" || name === "since" ? when(Number(v)) : t(show(v))}`);
  const sure = (question: string, act: (why: string) => Promise<string>) => () => turn({ is: "sure", question, act });
  const hush = async (why: string) => { await call(`/v1/monitors/${one.name}/silence`, { for: "2h", why }); return t("Nobody is told of it for two hours."); };
  const live = !d.past && one.kind === "lighthouse" && runs(one);
  return { menu, sheet: { key: one.id, title: one.name, sub: `${t(NAMES[one.kind])} · ${t(one.state)}`, lines: [sentence(one, t), ...facts], acts: [
    ...(one.inhabitant && one.speaks_for ? [{ name: t("Ask {}", one.inhabitant), act: () => turn({ is: "ask" }) }] : []),
    ...(asks && runs(one) ? [{ name: t("what if"), act: () => turn({ is: "if", from: 0 }) }] : []),
    ...(live && coming ? [{ name: t("Promote"), act: sure(t("Put the version that comes in into {} now?", one.name), lever(one.name, "promote", t)) }] : []),
    ...(live ? [{ name: coming ? t("Take back") : t("Roll back"), danger: true, act: sure(coming ? t("Take back the version that comes in? {} goes on as it is.", one.name) : t("Put the version before back into {}?", one.name), lever(one.name, "rollback", t)) }] : []),
    ...(one.id.startsWith("monitors.") && one.state === "alarm" ? [{ name: t("Silence for 2 h"), act: sure(t("Send no notifications about {} for two hours? Alerts are still recorded.", one.name), hush) }] : []),
    ...(up ? [{ name: t("Upstream"), act: () => d.choose(up) }] : []), ...(down ? [{ name: t("Downstream"), act: () => d.choose(down.id) }] : []),
    ...(d.walks ? [{ name: t("Go there"), act: () => d.go(one) }] : []), shut] } };
}
