// The facts of a thing: plain ones in a list, records of them in parts that open.
import { useWords } from "../i18n/words";
import { shown, spaced, when } from "../shared/format";

type Facts = Record<string, unknown>;

const isRecord = (value: unknown): value is Facts =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value of a fact in words; moments as a time. */
function factText(name: string, value: unknown): string {
  if ((name === "at" || name === "since") && typeof value === "number") return when(value);
  return shown(value);
}

/** The value of a fact within a record; a record in it is told in a line. */
function innerText(value: unknown): string {
  if (!isRecord(value)) return shown(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${shown(inner)}`)
    .join(", ");
}

/** The facts that are told in a line of their own. */
export const plainFacts = (facts: Facts): [string, unknown][] =>
  Object.entries(facts).filter(([, value]) => typeof value !== "object" || value === null);

export function Facts({ facts }: { facts: Facts }) {
  const t = useWords();
  return (
    <>
      <dl>
        {plainFacts(facts).map(([name, value]) => (
          <div key={name}>
            <dt>{t(spaced(name))}</dt>
            <dd>
              {value === null || value === undefined ? t("not known") : factText(name, value)}
            </dd>
          </div>
        ))}
      </dl>
      {Object.entries(facts).map(
        ([name, value]) =>
          isRecord(value) && name !== "last" && <Part key={name} name={name} facts={value} />,
      )}
    </>
  );
}

function Part({ name, facts }: { name: string; facts: Facts }) {
  const t = useWords();
  const entries = Object.entries(facts);
  if (entries.length === 0) return null;
  return (
    <details>
      <summary>{t(spaced(name))}</summary>
      <dl>
        {entries.map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{innerText(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
