// One proposal: the requests that are like each other, and the name that a person gives them.
import { useState, type FormEvent } from "react";
import { useWords } from "../../i18n/words";
import { decimals } from "../../shared/format";
import type { Example, Proposal } from "../../state/consoleWire";

const SHOWN = 220; // characters of a request

const inWords = (inputs: Example["inputs"]): string =>
  Object.values(inputs)
    .filter((v) => v !== null)
    .join(", ")
    .slice(0, SHOWN);

export function ProposalForm({
  group,
  labels,
  onName,
}: {
  group: Proposal;
  labels: string[];
  onName: (group: Proposal, predictions: string[], label: string) => Promise<void>;
}) {
  const t = useWords();
  const [out, setOut] = useState<string[]>([]); // requests that do not belong
  const taken = group.predictions.filter((p) => !out.includes(p));
  const name = group.name || t("a group");
  const toggle = (prediction: string) =>
    setOut((old) =>
      old.includes(prediction) ? old.filter((p) => p !== prediction) : [...old, prediction],
    );
  return (
    <section className="proposal" aria-label={t("Proposal: {}", name)}>
      <p>
        <b>{name}</b>{" "}
        <small>
          {t(
            "{} requests, {} out-of-distribution; nearest class {} ({})",
            group.rows,
            group.strange,
            group.nearest,
            decimals(group.alike, 2),
          )}
        </small>
      </p>
      <Requests group={group} name={name} out={out} onToggle={toggle} />
      <NameForm
        id={`labels-${group.predictions[0]}`}
        name={name}
        labels={labels}
        many={taken.length}
        onName={(label) => void onName(group, taken, label)}
      />
    </section>
  );
}

function Requests({
  group,
  name,
  out,
  onToggle,
}: {
  group: Proposal;
  name: string;
  out: string[];
  onToggle: (prediction: string) => void;
}) {
  const t = useWords();
  const { examples, rows } = group;
  return (
    <>
      <div className="some" tabIndex={0} role="region" aria-label={t("Requests of {}", name)}>
        <ul>
          {examples.map((example) => (
            <li key={example.prediction}>
              <label>
                <input
                  type="checkbox"
                  checked={!out.includes(example.prediction)}
                  onChange={() => onToggle(example.prediction)}
                />{" "}
                {inWords(example.inputs)}
              </label>
            </li>
          ))}
        </ul>
      </div>
      {examples.length > 1 && (
        <p className="sum">
          <small>{t("the most typical first; untick what does not belong")}</small>
        </p>
      )}
      {rows > examples.length && (
        <p className="sum">
          <small>{t("and {} more like these", rows - examples.length)}</small>
        </p>
      )}
    </>
  );
}

function NameForm({
  id,
  name,
  labels,
  many,
  onName,
}: {
  id: string;
  name: string;
  labels: string[];
  many: number;
  onName: (label: string) => void;
}) {
  const t = useWords();
  const [label, setLabel] = useState("");
  const give = (event: FormEvent) => {
    event.preventDefault();
    if (label.trim() && many > 0) onName(label.trim());
  };
  return (
    <form onSubmit={give}>
      <input
        list={id}
        aria-label={t("Name of {}", name)}
        placeholder={t("its name…")}
        value={label}
        maxLength={60}
        onChange={(e) => setLabel(e.target.value)}
      />
      <datalist id={id}>
        {labels.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <button disabled={!label.trim() || many === 0}>{t("Label {} requests", many)}</button>
    </form>
  );
}
