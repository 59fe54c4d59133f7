// The card of a thing: its sentence, what can be done with it, its figures and plots, and a word with its inhabitant where there is one.
import { useCallback } from "react";
import { ELEMENT_NAMES } from "../i18n/elementNames";
import { privateField } from "../i18n/names";
import { runs } from "../shared/runs";
import { useWords } from "../i18n/words";
import { CloseButton } from "../shared/CloseButton";
import { listed } from "../shared/format";
import { LivePlots } from "../shared/LivePlots";
import { WhatIf } from "../shared/WhatIf";
import { WhenOpen } from "../shared/WhenOpen";
import { whatIfService } from "../shared/services";
import type { Element, Stall } from "../state/wire";
import { Facts } from "./Facts";
import { Notes } from "./Notes";
import { ServiceControls } from "./ServiceControls";
import { Shelf } from "./Shelf";
import { Stalls } from "./Stalls";
import { Talk } from "./Talk";
import { VersionBars, type VersionFact } from "./VersionBars";

interface CardProps {
  e: Element;
  name: string; // of the visitor
  onPath: (ids: string[]) => void;
  onShelf: (id: string, goods: Stall[] | null) => void;
  onClose: () => void;
}

export function ElementCard(props: CardProps) {
  const t = useWords();
  const { e } = props;
  const { versions, ...facts } = e.facts as { versions?: VersionFact[] };
  return (
    <aside className="card" aria-label={listed([e.name, t(ELEMENT_NAMES[e.kind])])}>
      <CardHeader e={e} onClose={props.onClose} />
      <p>{e.says}</p>
      <Doings {...props} />
      <Makings e={e} />
      {versions && versions.length > 0 && <VersionBars versions={versions} />}
      <Facts facts={facts} />
      <Notes on={e.id} name={props.name} />
    </aside>
  );
}

function CardHeader({ e, onClose }: { e: Element; onClose: () => void }) {
  const t = useWords();
  return (
    <header>
      <span className={`dot ${e.state}`} />
      <div>
        <h2>{e.name}</h2>
        <small>
          {t(ELEMENT_NAMES[e.kind])} · {t(e.state)}
        </small>
      </div>
      <CloseButton label={t("Close the card")} onClose={onClose} />
    </header>
  );
}

/** What a visitor can do with a thing. */
function Doings({ e, onPath, onShelf }: CardProps) {
  const goodsShown = useCallback((goods: Stall[] | null) => onShelf(e.id, goods), [e.id, onShelf]);
  const running = runs(e);
  const isService = e.kind === "lighthouse";
  return (
    <>
      {e.inhabitant && e.speaks_for && (
        <Talk key={e.id} who={e.inhabitant} place={e.name} onPath={onPath} />
      )}
      {isService && running && <ServiceControls e={e} />}
      {isService && <LivePlots id={e.id} />}
      {e.form === "shop" && e.speaks_for && running && (
        <Shelf key={`${e.id}-shelf`} service={e.speaks_for} onShelf={goodsShown} />
      )}
      {e.kind === "counter" && e.form !== "shop" && <Stalls e={e} />}
      {running && <Supposing e={e} />}
    </>
  );
}

/** What if, open at once where people come to ask it. */
function Supposing({ e }: { e: Element }) {
  const t = useWords();
  const service = whatIfService(e);
  if (!service) return null;
  if (e.form === "counter")
    return (
      <details open>
        <summary>{t("what if")}</summary>
        <WhatIf service={service} />
      </details>
    );
  return (
    <WhenOpen name={t("what if")}>
      <WhatIf service={service} />
    </WhenOpen>
  );
}

/** What was done to the rows of a thing, what is private of it, and what grows beside it. */
function Makings({ e }: { e: Element }) {
  const t = useWords();
  return (
    <>
      {e.steps.length > 0 && (
        <ul className="mills" aria-label={t("Mills on the stream")}>
          {e.steps.map((step) => (
            <li key={step.name}>
              <b>{t(step.name)}</b>{" "}
              {step.removed > 0
                ? t("{} rows quarantined", step.removed)
                : t("{} values changed", step.changed)}
            </li>
          ))}
        </ul>
      )}
      {e.private.length > 0 && (
        <p>
          <small>{t("mist: private fields")}</small> {listed(e.private.map(privateField))}
        </p>
      )}
      {e.sapling && (
        <p>
          <small>{t("beside it")}</small> <b>{e.sapling.name}</b>
          {t(", ")}
          {t("{}: {}", t(e.sapling.state), e.sapling.says)}
        </p>
      )}
    </>
  );
}
