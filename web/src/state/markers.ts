// What people put down in the valley: one Yjs document that merges what several change at once. What is changed while the link is lost is told when it is back.
import { createDecoder } from "lib0/decoding";
import { createEncoder, length, toUint8Array, writeVarUint, type Encoder } from "lib0/encoding";
import { readSyncMessage, writeSyncStep1, writeUpdate } from "y-protocols/sync";
import * as Y from "yjs";
import { bindText } from "./sharedText";
import { socketAt } from "./sockets";

export interface Marker {
  id: string;
  form: string;
  x: number;
  z: number;
  turn: number;
  who: string;
  at: number;
  words: string;
}
const SYNC = 0; // the kind of message that y-protocols calls sync
const REFUSED_MS = 8000; // that a refusal is told
const AGAIN_MS = 1500; // before a lost link is tried again

/** A name that no other marker has: the time, and six random bytes. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  const random = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${Date.now().toString(36)}-${random}`;
}

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
  constructor(private changed: () => void) {
    this.begin();
  }

  private begin(): void {
    this.doc.destroy();
    this.doc = new Y.Doc();
    this.born += 1;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      this.look();
      if (origin !== this) this.send((to) => writeUpdate(to, update));
    });
    this.look();
  }

  private get root(): Y.Map<Y.Map<unknown>> {
    return this.doc.getMap("markers");
  }

  private look(): void {
    this.all = [...this.root]
      .map(([id, one]) => ({ ...(one.toJSON() as Omit<Marker, "id">), id }))
      .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
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
    const socket = socketAt("/v1/markers");
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) =>
      typeof event.data === "string"
        ? this.told(JSON.parse(event.data) as Record<string, unknown>)
        : this.heard(new Uint8Array(event.data as ArrayBuffer));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.linked = false;
      this.changed();
      if (!this.over) this.timer = window.setTimeout(() => this.open(), AGAIN_MS);
    };
  }

  close(): void {
    this.over = true;
    window.clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  private told(m: Record<string, unknown>): void {
    if ("age" in m) {
      this.may = m.may as boolean;
      this.forms = m.forms as string[];
      this.linked = true;
      if (this.age !== null && this.age !== m.age) this.begin(); // the server's document was begun anew; this one would bring back what is gone
      this.age = m.age as number;
      this.send((to) => writeSyncStep1(to, this.doc));
    }
    if ("refused" in m) {
      this.fault = String(m.refused);
      window.setTimeout(() => {
        this.fault = "";
        this.changed();
      }, REFUSED_MS);
      this.begin();
      this.send((to) => writeSyncStep1(to, this.doc));
    }
    this.changed();
  }

  private heard(data: Uint8Array): void {
    const from = createDecoder(data.subarray(1));
    const to = createEncoder();
    writeVarUint(to, SYNC);
    readSyncMessage(from, to, this.doc, this);
    if (length(to) > 1) this.socket?.send(toUint8Array(to));
  }

  put(one: Omit<Marker, "id" | "at">): string {
    const id = newId();
    this.doc.transact(() => {
      const made = new Y.Map<unknown>();
      for (const [key, value] of Object.entries({
        ...one,
        words: new Y.Text(one.words),
        at: Date.now() / 1000,
      }))
        made.set(key, value);
      this.root.set(id, made);
    });
    return id;
  }

  move(id: string, x: number, z: number, turn?: number): void {
    const one = this.root.get(id);
    if (!one) return;
    this.doc.transact(() => {
      for (const [key, value] of Object.entries({ x, z, ...(turn === undefined ? {} : { turn }) }))
        if (one.get(key) !== value) one.set(key, value);
    });
  }

  /** Write in a field what stands on a marker, and the other way; returns what ends it. */
  bind(id: string, field: HTMLTextAreaElement): () => void {
    const text = this.root.get(id)?.get("words") as Y.Text | undefined;
    return text ? bindText(text, field, this.doc) : () => undefined;
  }

  take(id: string): void {
    this.root.delete(id);
  }
}
