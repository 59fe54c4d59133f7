// What the board of a headset shows: which screen it is at, and what the screens need.
import { useMemo, useState } from "react";
import { useWords } from "../i18n/words";
import { whatIfService } from "../shared/services";
import { useWhatIf } from "../shared/useWhatIf";
import type { Moment } from "../state/consoleWire";
import type { BoardPanel } from "./boardPainting";
import { askScreen, elementScreen, markerScreen } from "./cardScreens";
import type { Desk, Screen, ScreenContext } from "./screenContext";
import {
  doneScreen,
  followScreen,
  listScreen,
  menuScreen,
  sureScreen,
  timeScreen,
} from "./screens";
import { whatIfScreen } from "./whatIfScreen";

function panelOf(screen: Screen, c: ScreenContext): BoardPanel | null {
  switch (screen.is) {
    case "none":
      return null;
    case "sure":
      return sureScreen(screen, c);
    case "told":
      return doneScreen(screen, c);
    case "list":
      return listScreen(screen.from, c);
    case "time":
      return timeScreen(c);
    case "follow":
      return followScreen(screen.from, c);
    case "menu":
      return menuScreen(c);
    default:
      return subjectPanel(screen, c);
  }
}

/** The screens about what is chosen; the menu where nothing is. */
function subjectPanel(screen: Screen, c: ScreenContext): BoardPanel {
  if (c.marker) return markerScreen(c.marker, c);
  if (!c.e) return menuScreen(c);
  if (screen.is === "ask") return askScreen(c.e, c);
  if (screen.is === "if") return whatIfScreen(c.e, screen.from, c);
  return elementScreen(c.e, c);
}

/** The screen, which follows what is chosen and begins anew in the headset. */
function useScreen(on: boolean, subject: string): [Screen, (to: Screen) => void] {
  const [screen, turn] = useState<Screen>({ is: "menu" });
  const [before, setBefore] = useState({ on, subject });
  if (before.on !== on || before.subject !== subject) {
    setBefore({ on, subject });
    if (subject) turn({ is: "card" });
    else if (on && !before.on) turn({ is: "menu" });
    else if (screen.is === "card") turn({ is: "none" });
  }
  return [screen, turn];
}

export function useBoardPanel(desk: Desk): { panel: BoardPanel | null; openMenu: () => void } {
  const t = useWords();
  const { scene, e, marker } = desk;
  const subject = e?.id ?? marker?.id ?? "";
  const [screen, turn] = useScreen(desk.on, subject);
  const [moments, setMoments] = useState<Moment[]>([]);
  const [back, setBack] = useState(0); // moments from now
  const service = whatIfService(e);
  const whatIf = useWhatIf(screen.is === "if" ? service : null);
  const by = useMemo(() => new Map(scene?.elements.map((one) => [one.id, one])), [scene]);
  const shown: Screen = { is: subject ? "card" : "menu" };
  const openMenu = () => {
    if (screen.is === "menu") turn({ is: subject ? "card" : "none" });
    else turn({ is: "menu" });
  };
  if (!desk.on || !scene) return { panel: null, openMenu };
  const tell = (title: string, lines: string[], path: string[] = []) => {
    turn({ is: "told", title, lines, path });
    desk.light(path);
  };
  const context: ScreenContext = {
    ...{ ...desk, scene, t, by, turn, tell, service, whatIf },
    time: { moments, back, setMoments, setBack },
    close: {
      name: t("Close"),
      act: () => {
        desk.choose(null);
        turn({ is: "none" });
      },
    },
    home: { name: t("Back"), act: () => turn(shown) },
  };
  return { panel: panelOf(screen, context), openMenu };
}
