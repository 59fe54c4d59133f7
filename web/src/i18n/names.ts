// What the server's own names are called: acts, kinds of shift, remedies, baselines. The user's names stay as they are.
import { pageLanguage } from "./words";
import { NAMES } from "./zh/names";

export type NameGroup = keyof typeof NAMES;

export function nameOf(group: NameGroup, name: string): string {
  const names: Record<string, string> = NAMES[group];
  return pageLanguage() === "zh" && Object.hasOwn(names, name) ? names[name] : name;
}

/** A private field of a dataset, which the server gives as `field: method`. */
export function privateField(text: string): string {
  const at = text.lastIndexOf(": ");
  if (at < 0 || pageLanguage() === "en") return text;
  return `${text.slice(0, at)}：${nameOf("private", text.slice(at + 2))}`;
}
