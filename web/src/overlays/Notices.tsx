// What the page tells beneath the bar: alerts, and what cannot be drawn or done.
import type { ReactNode } from "react";
import { nameOf } from "../i18n/names";
import { useWords, type Say } from "../i18n/words";
import { listed } from "../shared/format";
import type { Verdict } from "../state/consoleWire";
import type { Scene } from "../state/wire";
import { DRAWS, type WorldState } from "../world/useWorld";

const ALERTS = 2; // alerts told at most

type Alert = Scene["alerts"][number];

/** An alert in a line: the verdict of a drift where there is one, else its message. */
function alertLine(alert: Alert, t: Say): string {
  const verdict = alert.verdict as Verdict | null | undefined;
  if (!verdict) return String(alert.message);
  const { kind, remedy } = verdict;
  return t(
    "{}: {} drift; remedy: {}",
    String(alert.service),
    nameOf("shift", kind),
    nameOf("remedy", remedy),
  );
}

function Calm({ children }: { children: ReactNode }) {
  return (
    <div className="alerts calm" role="status">
      <p>{children}</p>
    </div>
  );
}

export function Notices({ scene, world }: { scene: Scene; world: WorldState }) {
  const t = useWords();
  const { drawing, imported, planted } = world;
  const { lost, detail, asList } = drawing;
  return (
    <>
      {lost && (
        <div className="alerts" role="status">
          <p>
            {t(
              "The picture was lost (the graphics card has other work) and comes back by itself; the list shows the same.",
            )}
          </p>
        </div>
      )}
      {!DRAWS && <Calm>{t("This browser draws no 3D (no WebGL); the list shows the same.")}</Calm>}
      {detail > 1 && !asList && (
        <p className="lean" role="status">
          {t("This machine draws slowly; the valley is shown with less detail.")}
        </p>
      )}
      {imported.broken.length > 0 && (
        <Calm>
          {t(
            "The glTF file for {} cannot be read or drawn; its own shape stands there.",
            listed(imported.broken),
          )}
        </Calm>
      )}
      {scene.elements.length === 0 && (
        <Calm>{t("Nothing grows here yet: the file names no source, no model and no place.")}</Calm>
      )}
      {!lost && <Alerts alerts={scene.alerts} />}
      <div className="foot" />
      {planted?.fault && (
        <div className="alerts" role="alert">
          <p>{t("That was not taken: {}", planted.fault)}</p>
        </div>
      )}
    </>
  );
}

function Alerts({ alerts }: { alerts: Alert[] }) {
  const t = useWords();
  if (alerts.length === 0) return null;
  return (
    <div className="alerts" role="status">
      {alerts.slice(0, ALERTS).map((alert) => (
        <p key={String(alert.id)}>⚠ {alertLine(alert, t)}</p>
      ))}
    </div>
  );
}
