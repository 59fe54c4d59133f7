// Figures, times and values of records as texts, as the page's language writes them.
import { pageLanguage, pageLocale, sayNow as t } from "../i18n/words";

/** A figure with so many decimals; a dash where it is not known. */
export const decimals = (value: unknown, digits = 3): string =>
  typeof value === "number" ? value.toFixed(digits) : "–";

/** A count with thousands separators; a dash where it is not known. */
export const thousands = (value: unknown): string =>
  typeof value === "number" ? value.toLocaleString(pageLocale()) : "–";

/** A moment, given in seconds since 1970, as the reader writes it. */
export const when = (seconds: number): string => {
  const text = new Date(seconds * 1000).toLocaleString(pageLocale());
  return pageLanguage() === "zh" ? text.replace(" ", "\u00a0") : text; // no day stands apart from its time
};

/** The time of day of a moment. */
export const clock = (seconds: number): string =>
  new Date(seconds * 1000).toLocaleTimeString(pageLocale());

/** A figure in few characters: whole ones as they are, others with three digits. */
export function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** A value of a record in words; an object has none. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return t("not known");
  if (typeof value === "number")
    return Number.isInteger(value) ? String(value) : value.toPrecision(4);
  if (Array.isArray(value)) return value.map(shown).join(` ${t("to")} `);
  if (typeof value === "object") return "";
  return String(value);
}

/** Texts as a list. */
export const listed = (texts: readonly string[]): string =>
  texts.join(pageLanguage() === "zh" ? "、" : ", ");

/** A key of a record as words. */
export const spaced = (key: string): string => key.replaceAll("_", " ");

/** A share as a percentage with so many decimals. */
export const percent = (share: number | null | undefined, digits = 0): string =>
  decimals(typeof share === "number" ? share * 100 : share, digits);
