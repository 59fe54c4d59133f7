// A text field whose text several people write at once.
import type * as Y from "yjs";
import { alike, moved } from "./alike";

/** Write in a field what stands in a shared text, and the other way; what others write comes in at
    once and leaves the caret where it is.

    The field is never behind the text, so that what it lacks is what was taken out of it. While a
    word is composed (Chinese, say) it may be, and what was typed is put where its place has moved to.

    Returns what ends it.
*/
export function bindText(text: Y.Text, field: HTMLTextAreaElement, doc: Y.Doc): () => void {
  let shown = text.toString();
  field.value = shown;
  let composing = false;
  const show = () => {
    const now = text.toString();
    const before = field.value;
    const start = moved(before, now, field.selectionStart);
    const end = moved(before, now, field.selectionEnd);
    if (before !== now) {
      field.value = now;
      field.setSelectionRange(start, end);
    }
    shown = now;
  };
  const write = () => {
    if (composing || field.value === shown) return;
    const [head, tail] = alike(shown, field.value);
    const now = text.toString();
    const at = moved(shown, now, head);
    const gone = moved(shown, now, shown.length - tail) - at;
    doc.transact(() => {
      if (gone > 0) text.delete(at, gone);
      text.insert(at, field.value.slice(head, field.value.length - tail));
    }, field);
    show();
  };
  const heard = (_: unknown, change: Y.Transaction) => {
    if (change.origin !== field && !composing) show();
  };
  const begin = () => {
    composing = true;
  };
  const end = () => {
    composing = false;
    write();
    show();
  };
  const listened = { input: write, compositionstart: begin, compositionend: end };
  text.observe(heard);
  for (const [name, listener] of Object.entries(listened)) field.addEventListener(name, listener);
  return () => {
    text.unobserve(heard);
    for (const [name, listener] of Object.entries(listened))
      field.removeEventListener(name, listener);
  };
}
