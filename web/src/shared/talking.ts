// A talk with an inhabitant: what is asked of the server, and its sentences in the page's own words.
import { sentence } from "../i18n/sentences";
import type { Say } from "../i18n/words";
import type { Sentence, Talk } from "../state/consoleWire";
import { call } from "../state/live";
import type { Element } from "../state/wire";

export interface Message {
  role: "user" | "assistant";
  content: string;
}

/** What the inhabitant of a place answers. */
export const askPlace = (place: string, messages: Message[]): Promise<Talk> =>
  call<Talk>(`/v1/places/${encodeURIComponent(place)}/talk`, { messages });

/** A sentence in the page's own words. Where weather lies over its thing, the server knows more. */
export function inOwnWords(told: Sentence, things: Map<string, Element>, t: Say): string {
  if (told.rests === null) return t(told.text);
  const thing = told.rests.thing ? things.get(told.rests.thing) : undefined;
  return thing && thing.weather.length === 0 ? sentence(thing, t) : told.text;
}

/** What a sentence rests on. */
export function groundText({ rests, files }: Sentence, t: Say): string {
  if (!rests) return "";
  const named = Object.keys(files).join(", ");
  if (typeof rests.line === "number")
    return t(
      "{}, line {}: “{}” (likeness {})",
      rests.file ?? "",
      rests.line,
      rests.question ?? "",
      (rests.likeness ?? 0).toFixed(2),
    );
  if (rests.version) return t("{} of {}, from {}", rests.version, rests.snapshot ?? "", named);
  return t("as it is at revision {}, from {}", rests.revision ?? "", named || t("no file yet"));
}
