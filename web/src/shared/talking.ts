// A talk with an inhabitant: what is asked of the server, and what its sentences rest on.
import type { Say } from "../i18n/words";
import { listed } from "./format";
import type { Sentence, Talk } from "../state/consoleWire";
import { call } from "../state/live";

export interface Message {
  role: "user" | "assistant";
  content: string;
}

/** What the inhabitant of a place answers. */
export const askPlace = (place: string, messages: Message[]): Promise<Talk> =>
  call<Talk>(`/v1/places/${encodeURIComponent(place)}/talk`, { messages });

/** What a sentence rests on. */
export function groundText({ rests, files }: Sentence, t: Say): string {
  if (!rests) return "";
  const named = listed(Object.keys(files));
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
