// Putting a marker down: which one, where, and what stands on it.
import { useState, type FormEvent } from "react";
import { useWords } from "../i18n/words";
import { CloseButton } from "../shared/CloseButton";
import { MARKER_WORDS } from "../state/markerBounds";
import type { Markers } from "../state/markers";
import type { Element } from "../state/wire";
import { ahead } from "./lookedAt";
import { spotBeside } from "./markerSpots";

const LOOKS = ""; // the choice that names no thing: where one looks

interface PutProps {
  markers: Markers;
  elements: Element[];
  drawn: boolean; // whether the valley is drawn, so that one can look somewhere
  name: string;
  onChoose: (id: string) => void;
}

export function PutMarkerPanel({ onClose, ...put }: PutProps & { onClose: () => void }) {
  const t = useWords();
  const { markers } = put;
  return (
    <aside className="company putdown" aria-label={t("Put a marker down")}>
      <header>
        <h2>{t("Put a marker down")}</h2>
        <CloseButton label={t("Close")} onClose={onClose} />
      </header>
      <p>
        <small>
          {t(
            "Whoever is here sees it, may move it and may write on it. It stays until it is taken away.",
          )}
        </small>
      </p>
      {!markers.linked && (
        <p role="status">{t("The link is lost; what you put down is told when it is back.")}</p>
      )}
      {markers.linked && !markers.may ? (
        <p role="status">{t("Your token may only look on.")}</p>
      ) : (
        <PutForm {...put} />
      )}
    </aside>
  );
}

function PutForm({ markers, elements, drawn, name, onChoose }: PutProps) {
  const t = useWords();
  const [form, setForm] = useState("flag");
  const [words, setWords] = useState("");
  const [at, setAt] = useState(drawn ? LOOKS : (elements.at(0)?.id ?? LOOKS));
  const put = (event: FormEvent) => {
    event.preventDefault();
    const e = elements.find((one) => one.id === at);
    const spot = e ? spotBeside(e, markers.all) : { ...ahead };
    onChoose(markers.put({ form, ...spot, who: name, words: words.trim() }));
  };
  return (
    <form className="tall" onSubmit={put}>
      <fieldset>
        <legend>{t("What")}</legend>
        {(markers.forms.length ? markers.forms : ["flag"]).map((f) => (
          <label key={f}>
            <input type="radio" name="form" checked={form === f} onChange={() => setForm(f)} />{" "}
            {t(f)}
          </label>
        ))}
      </fieldset>
      <label>
        {t("Where")}{" "}
        <select value={at} onChange={(e) => setAt(e.target.value)}>
          {drawn && <option value={LOOKS}>{t("where I look")}</option>}
          {elements.map((e) => (
            <option key={e.id} value={e.id}>
              {t("beside {}", e.name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("Words on it")}
        <textarea
          rows={3}
          maxLength={MARKER_WORDS}
          value={words}
          onChange={(e) => setWords(e.target.value)}
        />
      </label>
      <button className="go">{t("Put it down")}</button>
    </form>
  );
}
