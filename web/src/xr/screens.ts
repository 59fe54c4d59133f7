// The screens of the board that are about no single thing: the menu, the list, time, a followed request, and questions before an act.
import { justAfter } from "../overlays/TimeBar";
import { when as timeText } from "../shared/format";
import type { Moment } from "../state/consoleWire";
import { call } from "../state/live";
import type { BoardPanel } from "./boardPainting";
import { when, type Act, type ScreenContext } from "./screenContext";

const LISTED = 6; // things of the list on a board

export function sureScreen(
  { question, act }: { question: string; act: Act },
  { t, tell, home }: ScreenContext,
): BoardPanel {
  const yes = () =>
    void act("by hand, in a headset").then(
      (done) => tell(t("Done"), [done]),
      (error: Error) => tell(t("It was not done"), [error.message]),
    );
  return {
    key: "sure",
    title: t("Are you sure?"),
    lines: [question, t("It is written into the audit.")],
    acts: [
      { name: t("Yes, do it"), danger: true, act: yes },
      { name: t("No"), act: home.act },
    ],
  };
}

export const doneScreen = (
  { title, lines }: { title: string; lines: string[] },
  { home, close }: ScreenContext,
): BoardPanel => ({ key: "told", title, lines, acts: [home, close] });

export function listScreen(from: number, c: ScreenContext): BoardPanel {
  const { t, scene, markers, choose, turn, home } = c;
  const all = [
    ...scene.elements.map(({ id, name }) => ({ id, name })),
    ...(markers?.all ?? []).map((m) => ({ id: m.id, name: t("{} by {}", t(m.form), m.who) })),
  ];
  const shown = all.slice(from, from + LISTED);
  const next = from + LISTED < all.length ? from + LISTED : 0;
  return {
    key: "menu",
    title: t("Everything in this world"),
    sub: `${String(from + 1)}–${String(from + shown.length)} / ${String(all.length)}`,
    lines: [],
    aside: 0,
    acts: [
      ...shown.map(({ id, name }) => ({ name, act: () => choose(id) })),
      { name: t("More"), act: () => turn({ is: "list", from: next }) },
      home,
    ],
  };
}

export function timeScreen({ t, time, turn, showTime }: ScreenContext): BoardPanel {
  const { moments, back, setBack } = time;
  const momentAt = (n: number): Moment | undefined =>
    n > 0 ? moments[moments.length - n] : undefined;
  const to = (wanted: number) => {
    const n = Math.max(0, Math.min(moments.length, wanted));
    const moment = momentAt(n);
    setBack(n);
    showTime(moment ? justAfter(moment) : null);
  };
  const here = momentAt(back);
  const toNow = () => {
    to(0);
    turn({ is: "menu" });
  };
  return {
    key: "menu",
    title: t("Time"),
    lines: here
      ? [timeText(here.at), t("{}: {}", t(here.what), here.name)]
      : [t("now"), t("{} moments are kept.", moments.length)],
    acts: [
      { name: t("Earlier"), act: () => to(back + 1) },
      { name: t("Later"), act: () => to(back - 1) },
      { name: t("Back to now"), act: toNow },
    ],
  };
}

export function followScreen(from: number, c: ScreenContext): BoardPanel {
  const { t, path, walks, go, follow, turn } = c;
  const way = [...path].reverse();
  const at = Math.min(from, Math.max(0, way.length - 1));
  const e = way.at(at);
  const step = (n: number) => turn({ is: "follow", from: n });
  const stop = () => {
    follow(false);
    turn({ is: "menu" });
  };
  return {
    key: "menu",
    title: t("Follow a request"),
    sub: way.length ? `${String(at + 1)} / ${String(way.length)}` : "",
    lines: e
      ? [e.name, e.says]
      : [
          t("Looking for the last request…"),
          t("No request was answered yet; ask a service something, and follow it here."),
        ],
    acts: [
      ...when(at > 0, { name: t("Downstream"), act: () => step(at - 1) }),
      ...when(at < way.length - 1, { name: t("Upstream"), act: () => step(at + 1) }),
      ...(e && walks ? [{ name: t("Go there"), act: () => go(e) }] : []),
      { name: t("Stop following"), act: stop },
    ],
  };
}

export function menuScreen(c: ScreenContext): BoardPanel {
  const { t, scene, walks, turn, follow, time, nextLight, leave, close } = c;
  const open = scene.alerts.length;
  const alerts = open ? t("{} alerts are open", open) : t("no alert is open");
  const startFollowing = () => {
    follow(true);
    turn({ is: "follow", from: 0 });
  };
  const startTime = () => {
    time.setBack(0);
    void call<Moment[]>("/v1/moments").then(time.setMoments, () => time.setMoments([]));
    turn({ is: "time" });
  };
  return {
    key: "menu",
    title: scene.ecosystem,
    sub: `${t("revision {}", scene.revision)} · ${alerts}`,
    aside: 0.62,
    lines: [
      walks
        ? t(
            "Point at a thing and press for its card, at the ground to go there. A stick aside turns you.",
          )
        : t("Point at a thing and press for its card. A stick aside turns the valley."),
      t("Grip a marker to carry it; A or X puts a flag down. B or Y shows this board."),
    ],
    acts: [
      { name: t("Everything in this world"), act: () => turn({ is: "list", from: 0 }) },
      { name: t("Follow a request"), act: startFollowing },
      { name: t("Time"), act: startTime },
      { name: t("Another light"), act: nextLight },
      { name: t("Leave the headset's view"), act: leave },
      close,
    ],
  };
}
