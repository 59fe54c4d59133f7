// The card of a marker: its words are written by all who have it open, at once.
import { useLayoutEffect, useRef } from "react";
import { useWords } from "../i18n/words";
import { CloseButton } from "../shared/CloseButton";
import { when } from "../shared/format";
import { MARKER_WORDS } from "../state/markerBounds";
import type { Marker, Markers } from "../state/markers";
import type { Element } from "../state/wire";
import { ahead } from "./lookedAt";
import { spotBeside } from "./markerSpots";

interface MarkerCardProps {
  one: Marker;
  markers: Markers;
  elements: Element[];
  drawn: boolean; // whether the valley is drawn, so that it can be carried
  carried: boolean;
  onCarry: (yes: boolean) => void;
  onClose: () => void;
}

export function MarkerCard(props: MarkerCardProps) {
  const t = useWords();
  const { one, markers, onClose } = props;
  const title = t("{} by {}", t(one.form), one.who);
  return (
    <aside className="card marker" aria-label={title}>
      <header>
        <div>
          <h2>{title}</h2>
          <small>
            {t("a marker")} · {when(one.at)}
          </small>
        </div>
        <CloseButton label={t("Close the card")} onClose={onClose} />
      </header>
      {markers.may ? (
        <>
          <label>
            {t("Words on it")}
            <SharedWords id={one.id} markers={markers} />
          </label>
          <p>
            <small>{t("Whoever has it open writes on it with you.")}</small>
          </p>
          <Carrying {...props} />
        </>
      ) : (
        <p>{one.words || t("No words stand on it.")}</p>
      )}
    </aside>
  );
}

/** The field in which all write; it is bound anew when the document was begun anew. */
function SharedWords({ id, markers }: { id: string; markers: Markers }) {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(
    () => (field.current ? markers.bind(id, field.current) : undefined),
    [id, markers, markers.born],
  );
  return <textarea ref={field} rows={5} maxLength={MARKER_WORDS} />;
}

function Carrying({ one, markers, elements, drawn, carried, onCarry, onClose }: MarkerCardProps) {
  const t = useWords();
  const setDown = () => {
    markers.move(one.id, ahead.x, ahead.z, ahead.turn);
    onCarry(false);
  };
  const setBeside = (id: string) => {
    const e = elements.find((x) => x.id === id);
    if (!e) return;
    const to = spotBeside(e, markers.all);
    markers.move(one.id, to.x, to.z, to.turn);
    onCarry(false);
  };
  return (
    <>
      <div className="levers">
        {drawn && carried && (
          <button className="go" onClick={setDown}>
            {t("Set it down here")}
          </button>
        )}
        {drawn && !carried && <button onClick={() => onCarry(true)}>{t("Carry it")}</button>}
        <button
          className="danger"
          onClick={() => {
            onClose();
            markers.take(one.id);
          }}
        >
          {t("Take it away")}
        </button>
      </div>
      {carried && <p role="status">{t("It goes where you look. Walk, and set it down.")}</p>}
      <label>
        {t("Set it beside")}{" "}
        <select value="" onChange={(event) => setBeside(event.target.value)}>
          <option value="">…</option>
          {elements.map((e) => (
            <option key={e.id} value={e.id}>
              {e.name}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
