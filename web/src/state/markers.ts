// What people put down in the valley: one Yjs document that merges what several change at once. What is changed while the link is lost is told when it is back.
import { createDecoder } from "lib0/decoding";
import { createEncoder, length, toUint8Array, writeVarUint, type Encoder } from "lib0/encoding";
import { readSyncMessage, writeSyncStep1, writeUpdate } from "y-protocols/sync";
import * as Y from "yjs";
import { alike, moved } from "./alike";

export interface Marker { id: string; form: string; x: number; z: number; turn: number; who: string; at: number; words: string }
const SYNC = 0, REFUSED_MS = 8000;

export class Markers {
  all: Marker[] = [];
  forms: string[] = [];
  may = false;
  linked = false;
  fault = "";
  born = 0; // how often the document was begun
  private doc = new Y.Doc();
  private age: number | null = null;
  private socket: WebSocket | null = null;
  private timer = 0;
  private over = false;
  constructor(private changed: () => void) { this.begin(); }

  private begin(): void {
    this.doc.destroy();
    this.doc = new Y.Doc();
    this.born += 1;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => { this.look(); if (origin !== this) this.send((to) => writeUpdate(to, update)); });
    this.look();
  }

  private get root(): Y.Map<Y.Map<unknown>> { return this.doc.getMap("markers"); }

  private look(): void {
    this.all = [...this.root].map(([id, one]) => ({ ...(one.toJSON() as Omit<Marker, "id">), id })).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
    this.changed();
  }

  private send(write: (to: Encoder) => void): void {
    if (this.socket?.readyState !== WebSocket.OPEN || !this.linked) return; // it is told with the next step 2
    const to = createEncoder();
    writeVarUint(to, SYNC);
    write(to);
    this.socket.send(toUint8Array(to));
  }

  open(): void {
    this.over = false;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/markers`);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => (typeof event.data === "string" ? this.told(JSON.parse(event.data) as Record<string, unknown>) : this.heard(new Uint8Array(event.data as ArrayBuffer)));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.linked = false; this.changed();
      if (!this.over) this.timer = window.setTimeout(() => this.open(), 1500);
    };
  }

  close(): void { this.over = true; window.clearTimeout(this.timer); this.socket?.close(); this.socket = null; }

  private told(m: Record<string, unknown>): void {
    if ("age" in m) {
      this.may = m.may as boolean; this.forms = m.forms as string[]; this.linked = true;
      if (this.age !== null && this.age !== m.age) this.begin(); // the server's document was begun anew; this one would bring back what is gone
      this.age = m.age as number;
      this.send((to) => writeSyncStep1(to, this.doc));
    }
    if ("refused" in m) {
      this.fault = String(m.refused);
      window.setTimeout(() => { this.fault = ""; this.changed(); }, REFUSED_MS);
      this.begin();
      this.send((to) => writeSyncStep1(to, this.doc));
    }
    this.changed();
  }

  private heard(data: Uint8Array): void {
    const from = createDecoder(data.subarray(1)), to = createEncoder();
    writeVarUint(to, SYNC);
    readSyncMessage(from, to, this.doc, this);
    if (length(to) > 1) this.socket?.send(toUint8Array(to));
  }

  put(one: Omit<Marker, "id" | "at">): string {
    const id = `${Date.now().toString(36)}-${Array.from(crypto.getRandomValues(new Uint8Array(6)), (b) => b.toString(16).padStart(2, "0")).join("")}`;
    this.doc.transact(() => {
      const made = new Y.Map<unknown>();
      for (const [key, value] of Object.entries({ ...one, words: new Y.Text(one.words), at: Date.now() / 1000 })) made.set(key, value);
      this.root.set(id, made);
    });
    return id;
  }

  move(id: string, x: number, z: number, turn?: number): void {
    const one = this.root.get(id);
    if (!one) return;
    this.doc.transact(() => { for (const [key, value] of Object.entries({ x, z, ...(turn === undefined ? {} : { turn }) })) if (one.get(key) !== value) one.set(key, value); });
  }

  /** Write in a field what stands on a marker, and the other way; what others write comes in at once and leaves the caret where it is.

      The field is never behind the document, so that what it lacks is what was taken out of it. While a word is composed (Chinese, say) it may be,
      and what was typed is put where its place has moved to.
  */
  bind(id: string, field: HTMLTextAreaElement): () => void {
    const text = this.root.get(id)?.get("words") as Y.Text | undefined;
    if (!text) return () => undefined;
    let shown = field.value = text.toString(), composing = false;
    const show = () => {
      const now = text.toString(), [start, end] = [field.selectionStart, field.selectionEnd].map((p) => moved(field.value, now, p));
      if (field.value !== now) { field.value = now; field.setSelectionRange(start!, end!); }
      shown = now;
    };
    const write = () => {
      if (composing || field.value === shown) return;
      const [head, tail] = alike(shown, field.value), now = text.toString(), at = moved(shown, now, head), gone = moved(shown, now, shown.length - tail) - at;
      this.doc.transact(() => { if (gone > 0) text.delete(at, gone); text.insert(at, field.value.slice(head, field.value.length - tail)); }, field);
      show();
    };
    const heard = (_: unknown, change: Y.Transaction) => { if (change.origin !== field && !composing) show(); };
    const begin = () => { composing = true; }, end = () => { composing = false; write(); show(); };
    text.observe(heard);
    field.addEventListener("input", write); field.addEventListener("compositionstart", begin); field.addEventListener("compositionend", end);
    return () => { text.unobserve(heard); field.removeEventListener("input", write); field.removeEventListener("compositionstart", begin); field.removeEventListener("compositionend", end); };
  }

  take(id: string): void { this.root.delete(id); }
}
