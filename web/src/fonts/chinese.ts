// The bundled Chinese font: its faces are named once something Chinese is shown, and a picture waits for the characters that it paints.
import { useEffect, useState } from "react";
import { pageLanguage } from "../i18n/words";

const FACE = '"Noto Sans SC Variable"';
const OTHERS = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const PATIENCE_MS = 8000; // after which a picture is painted with whatever font there is
/** Chinese characters and punctuation, and what of both is written in full width. */
const CHINESE =
  /[\u2e80-\u303f\u3100-\u312f\u3200-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u{20000}-\u{3ffff}]/u;
const ESCAPED = /\\u(?:2[ef]|3[0-9]|[4-9]|f9|fa|ff)/i; // the same as JSON may write them

let named: Promise<void> | undefined;
const painted = new Set<string>(); // characters whose face is here

export const hasChinese = (text: string): boolean => CHINESE.test(text);

/** The fonts of the page, for pictures of text. */
export const fonts = (): string =>
  `${pageLanguage() === "zh" ? '"Inter Letters"' : "Inter"}, ${FACE}, ${OTHERS}`;

/** Names the faces, once; none is loaded before a character of it is shown. */
export function nameFaces(): Promise<void> {
  named ??= import("./chinese.css").then(
    () => undefined,
    () => {
      named = undefined; // asked for again with the next text
    },
  );
  return named;
}

/** Names the faces where a text of the server or of a visitor has Chinese in it. */
export function noticeChinese(text: string): void {
  if (!named && (hasChinese(text) || ESCAPED.test(text))) void nameFaces();
}

/** The Chinese characters of a text, each once. */
export const chineseOf = (text: string): string =>
  [...new Set(text)].filter(hasChinese).sort().join("");

const waiting = (text: string): string =>
  [...chineseOf(text)].filter((letter) => !painted.has(letter)).join("");

const after = (ms: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

/** Loads the faces of a text's characters. */
export async function loadFaces(text: string): Promise<void> {
  const letters = waiting(text);
  if (!letters) return;
  await nameFaces();
  const faces = document.fonts.load(`600 32px ${FACE}`, letters);
  await Promise.race([faces.catch(() => undefined), after(PATIENCE_MS)]);
  for (const letter of letters) painted.add(letter);
}

/** Whether the characters of a text can be painted; false until their faces have come. */
export function usePaintable(text: string): boolean {
  const letters = waiting(text);
  const [, setLoaded] = useState("");
  useEffect(() => {
    if (!letters) return;
    let mine = true;
    void loadFaces(letters).then(() => {
      if (mine) setLoaded(letters);
    });
    return () => {
      mine = false;
    };
  }, [letters]);
  return letters === "";
}
