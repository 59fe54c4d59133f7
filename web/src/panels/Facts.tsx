// The facts of a thing: plain ones in a list, records of them in parts that open.
import { nameOf, type NameGroup } from "../i18n/names";
import { useWords, type Say } from "../i18n/words";
import { listed, shown, spaced, when } from "../shared/format";

type Facts = Record<string, unknown>;

const isRecord = (value: unknown): value is Facts =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// facts whose values are names of the server's own
const NAMED: Partial<Record<string, NameGroup>> = {
  form: "place",
  fault_kind: "fault",
  who: "who",
};

/** The value of a fact in words. */
export function factValue(name: string, value: unknown): string {
  const group = NAMED[name];
  return group && typeof value === "string" ? nameOf(group, value) : shown(value);
}

/** The value of a fact in words; moments as a time. */
function factText(name: string, value: unknown): string {
  if ((name === "at" || name === "since") && typeof value === "number") return when(value);
  return factValue(name, value);
}

/** The value of a fact within a record; a record in it is told in a line. */
function innerText(value: unknown, t: Say): string {
  if (!isRecord(value)) return shown(value);
  return listed(Object.entries(value).map(([name, inner]) => `${t(spaced(name))} ${shown(inner)}`));
}

/** The name of an entry of a fact that is a record. */
function entryName(fact: string, key: string, t: Say): string {
  if (fact === "baselines") return nameOf("baseline", key);
  return fact === "interval" ? t(spaced(key)) : key;
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
            <dt>{entryName(name, key, t)}</dt>
            <dd>{innerText(value, t)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
