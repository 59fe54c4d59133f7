// What people do with services by hand.
import type { Say } from "../i18n/words";
import type { Moved } from "../state/consoleWire";
import { call } from "../state/live";
import type { Element } from "../state/wire";

/** Puts the version that comes in into a service, or takes one back, for a reason; gives what was done in words. */
export const moveVersion =
  (service: string, way: "promote" | "rollback", t: Say) =>
  async (why: string): Promise<string> => {
    const moved = await call<Partial<Moved>>(`/v1/services/${service}/${way}`, { why });
    return moved.to ? `${moved.from ?? ""} → ${moved.to}` : t("done");
  };

/** The service that a what-if about a thing asks; none where there is no answer to suppose. */
export function whatIfService(e: Element | undefined): string | null {
  if (e?.kind === "lighthouse") return e.name;
  if (e?.kind === "counter" && e.form !== "shop") return e.speaks_for;
  return null;
}
