// What a thing says of itself: the server's English sentence, or the same facts in the page's own words.
import type { Element } from "../state/wire";
import type { Say } from "./words";

type Facts = Record<string, string | number>;
type Tell = (e: Element, facts: Facts, t: Say) => string;

/** Whether a thing runs; a service that nobody asked lately is not known, and runs. */
export const runs = (e: Element): boolean =>
  e.kind === "lighthouse" ? "rate" in e.facts : e.state !== "unknown";

const fault = (facts: Facts, t: Say): string =>
  facts.fault_kind ? `；${t(`fault: ${facts.fault_kind}`)}` : "";

const source: Tell = (e, facts, t) => {
  const text = e.level === null ? "Source {}: {}, not read yet" : "Source {}: {}";
  return t(text, e.name, facts.type ?? "") + fault(facts, t);
};

const dataset: Tell = (e, facts, t) => {
  if (!facts.snapshot) return t("Dataset {}: not built yet", e.name);
  const told = t(
    "Dataset {}: {} rows kept of {}, {} quarantined, {} duplicates; quality {}",
    e.name,
    facts.kept,
    facts.in,
    facts.quarantined,
    facts.duplicates,
    Number(facts.quality).toFixed(2),
  );
  return told + fault(facts, t);
};

const model: Tell = (e, facts, t) =>
  facts.version
    ? t("Model {}: {} in service", e.name, facts.version) + fault(facts, t)
    : t("Model {}: not grown yet", e.name);

const service: Tell = (e, facts, t) => {
  if (!facts.version) return t("Service {}: nothing deployed yet", e.name);
  if ((facts.error_rate ?? null) === null)
    return t("Service {}: {}, no requests in the last minute", e.name, facts.version);
  return t("Service {}: {}, {} requests/s", e.name, facts.version, e.traffic.toFixed(2));
};

const monitor: Tell = (e, facts, t) =>
  facts.open ? t("Monitor {}: {} open", e.name, facts.open) : t("Monitor {}: nothing open", e.name);

const place: Tell = (e, _, t) => {
  const storm = e.stalls.find((s) => s.state === "alarm");
  if (storm) return t("Place {}: a storm over {}", e.name, storm.name);
  return e.inhabitant ? t("Place {}, {} is here", e.name, e.inhabitant) : t("Place {}", e.name);
};

const TELLS: Partial<Record<Element["kind"], Tell>> = {
  spring: source,
  lake: dataset,
  tree: model,
  lighthouse: service,
};

export function sentence(e: Element, t: Say): string {
  if (t("live") === "live") return e.says; // the page speaks English
  const tell = TELLS[e.kind] ?? (e.id.startsWith("monitors.") ? monitor : place);
  return tell(e, e.facts as Facts, t);
}
