// The screens of the board about what is chosen: the card of a thing, questions to its inhabitant, and the card of a marker.
import { ELEMENT_NAMES } from "../i18n/elementNames";
import { runs } from "../shared/runs";
import { factValue, plainFacts } from "../panels/Facts";
import { spaced, when as timeText } from "../shared/format";
import { moveVersion } from "../shared/services";
import { askPlace, groundText } from "../shared/talking";
import { call } from "../state/live";
import type { Marker } from "../state/markers";
import type { Element } from "../state/wire";
import type { BoardAct, BoardPanel } from "./boardPainting";
import { when, type Act, type ScreenContext } from "./screenContext";

const FACTS = 6; // facts on a board
const NEAR = 4; // things that are asked after

export function markerScreen(marker: Marker, c: ScreenContext): BoardPanel {
  const { t, markers, choose, close } = c;
  const takeAway = () => {
    markers?.take(marker.id);
    choose(null);
  };
  return {
    key: marker.id,
    title: t("{} by {}", t(marker.form), marker.who),
    sub: timeText(marker.at),
    lines: [marker.words || t("No words stand on it.")],
    acts: [...when(markers?.may, { name: t("Take it away"), danger: true, act: takeAway }), close],
  };
}

/** Questions to press: after the service that a place speaks for, and what it rests on. */
function questionsTo(e: Element, { t, by }: ScreenContext): string[] {
  const ids = [...(e.speaks_for ? [`services.${e.speaks_for}`] : []), ...e.needs];
  const names = new Set(ids.flatMap((id) => by.get(id)?.name ?? []));
  return [
    t("Is any alert open?"),
    ...[...names].slice(0, NEAR).map((name) => t("How is {}?", name)),
  ];
}

export function askScreen(e: Element, c: ScreenContext): BoardPanel {
  const { t, tell, home } = c;
  const ask = async (question: string) => {
    try {
      const { sentences } = await askPlace(e.name, [{ role: "user", content: question }]);
      const lines = sentences.flatMap((one) => [one.text, groundText(one, t)]);
      tell(question, lines.filter(Boolean), sentences.at(0)?.path);
    } catch (error) {
      tell(question, [(error as Error).message]);
    }
  };
  return {
    key: e.id,
    title: t("Ask {}", e.inhabitant ?? ""),
    lines: [t("The page takes questions in words; here are some to press.")],
    acts: [
      ...questionsTo(e, c).map((question) => ({ name: question, act: () => void ask(question) })),
      home,
    ],
  };
}

/** The facts of a thing in a line each. */
const factLines = (e: Element, { t }: ScreenContext): string[] =>
  plainFacts(e.facts)
    .filter(([name]) => name !== "versions")
    .slice(0, FACTS)
    .map(([name, value]) => {
      const isTime = name === "at" || name === "since";
      return t(
        "{}: {}",
        t(spaced(name)),
        isTime ? timeText(Number(value)) : factValue(name, value),
      );
    });

/** What can be done with a service or a monitor by hand; each is asked again. */
function handActs(e: Element, { t, past, turn }: ScreenContext): BoardAct[] {
  const sure = (question: string, act: Act) => () => turn({ is: "sure", question, act });
  const acts: BoardAct[] = [];
  const coming = (e.facts as { rollout?: string }).rollout;
  if (!past && e.kind === "lighthouse" && runs(e)) {
    const promote = t("Put the version that comes in into {} now?", e.name);
    const back = coming
      ? t("Take back the version that comes in? {} goes on as it is.", e.name)
      : t("Roll {} back to the previous version?", e.name);
    if (coming)
      acts.push({ name: t("Promote"), act: sure(promote, moveVersion(e.name, "promote", t)) });
    acts.push({
      name: coming ? t("Cancel rollout") : t("Roll back"),
      danger: true,
      act: sure(back, moveVersion(e.name, "rollback", t)),
    });
  }
  if (e.id.startsWith("monitors.") && e.state === "alarm") {
    const silence = async (why: string) => {
      await call(`/v1/monitors/${e.name}/silence`, { for: "2h", why });
      return t("Nobody is told of it for two hours.");
    };
    const question = t(
      "Send no notifications about {} for two hours? Alerts are still recorded.",
      e.name,
    );
    acts.push({ name: t("Silence for 2 h"), act: sure(question, silence) });
  }
  return acts;
}

export function elementScreen(e: Element, c: ScreenContext): BoardPanel {
  const { t, scene, service, turn, choose, go, walks, close } = c;
  const up = e.needs.at(0);
  const down = scene.elements.find((one) => one.needs.includes(e.id))?.id;
  return {
    key: e.id,
    title: e.name,
    sub: `${t(ELEMENT_NAMES[e.kind])} · ${t(e.state)}`,
    lines: [e.says, ...factLines(e, c)],
    acts: [
      ...when(e.inhabitant && e.speaks_for, {
        name: t("Ask {}", e.inhabitant ?? ""),
        act: () => turn({ is: "ask" }),
      }),
      ...when(service && runs(e), { name: t("what if"), act: () => turn({ is: "if", from: 0 }) }),
      ...handActs(e, c),
      ...(up ? [{ name: t("Upstream"), act: () => choose(up) }] : []),
      ...(down ? [{ name: t("Downstream"), act: () => choose(down) }] : []),
      ...when(walks, { name: t("Go there"), act: () => go(e) }),
      close,
    ],
  };
}
