// Other people in the valley: poses over one socket (as world/visitors.py has them), drawn 100 ms behind so that they move evenly.
import { Quaternion, Vector3 } from "three";

const STEP = 0.05, HALF = Math.SQRT1_2, BEHIND = 100, POSE_MS = 100;
export interface Line { who: number; name: string; say: string }
interface Sample { at: number; place: Vector3; turn: Quaternion }
export interface Person { id: number; name: string; samples: Sample[]; hands: { place: Vector3; turn: Quaternion }[] }

const parts = (q: Quaternion): number => {
  const v = [q.x, q.y, q.z, q.w];
  let most = 0;
  for (let i = 1; i < 4; i++) if (Math.abs(v[i]!) > Math.abs(v[most]!)) most = i;
  const sign = v[most]! < 0 ? -1 : 1;
  let word = most;
  for (let i = 0; i < 4; i++) if (i !== most) word = word * 1024 + Math.max(0, Math.min(1023, Math.round(((v[i]! * sign) / HALF + 1) * 511.5)));
  return word;
};

const turned = (word: number): Quaternion => {
  const found: number[] = [];
  let rest = word;
  for (let i = 0; i < 3; i++) { found.unshift(((rest % 1024) / 511.5 - 1) * HALF); rest = Math.floor(rest / 1024); }
  const most = rest & 3, v = [0, 0, 0, 0];
  let sum = 0;
  for (let i = 0, k = 0; i < 4; i++) if (i !== most) { v[i] = found[k++]!; sum += v[i]! * v[i]!; }
  v[most] = Math.sqrt(Math.max(0, 1 - sum));
  return new Quaternion(v[0], v[1], v[2], v[3]).normalize();
};

const write = (to: DataView, at: number, place: Vector3, turn: Quaternion): void => {
  [place.x, place.y, place.z].forEach((n, i) => to.setInt16(at + i * 2, Math.max(-32767, Math.min(32767, Math.round(n / STEP))), true));
  to.setUint32(at + 6, parts(turn), true);
};
const read = (from: DataView, at: number) => ({ place: new Vector3(from.getInt16(at, true), from.getInt16(at + 2, true), from.getInt16(at + 4, true)).multiplyScalar(STEP), turn: turned(from.getUint32(at + 6, true)) });

export class Visitors {
  people = new Map<number, Person>();
  said: Line[] = [];
  me = -1;
  name = "";
  linked = false;
  private socket: WebSocket | null = null;
  private timer = 0;
  private last = "";
  private sentAt = 0;
  private later = 0;
  private over = false;
  private unsaid: string[] = []; // what was said while the link was lost; five in five seconds are heard
  constructor(private changed: () => void) {}

  open(name: string): void {
    this.over = false;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/v1/visitors?name=${encodeURIComponent(name)}`);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => (typeof event.data === "string" ? this.told(JSON.parse(event.data) as Record<string, unknown>) : this.seen(event.data as ArrayBuffer));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.linked = false; this.people.clear(); this.changed();
      if (!this.over) this.timer = window.setTimeout(() => this.open(name), 1500);
    };
  }

  close(): void { this.over = true; window.clearTimeout(this.timer); window.clearTimeout(this.later); this.socket?.close(); this.socket = null; }

  private add(id: number, name: string): void { this.people.set(id, { id, name, samples: [], hands: [] }); }

  private told(m: Record<string, unknown>): void {
    if ("you" in m) {
      this.me = m.you as number; this.name = m.name as string; this.linked = true; this.said = m.said as Line[]; this.people.clear(); this.last = "";
      for (const [id, name] of m.here as [number, string][]) this.add(id, name);
      for (const words of this.unsaid.splice(0)) this.say(words);
    }
    if ("came" in m) { const [id, name] = m.came as [number, string]; this.add(id, name); }
    if ("went" in m) this.people.delete(m.went as number);
    if ("said" in m && !("you" in m)) this.said = [...this.said.slice(-49), m.said as Line];
    this.changed();
  }

  private seen(data: ArrayBuffer): void {
    const view = new DataView(data), many = view.getUint16(4, true), pairs = view.getUint16(6, true), now = performance.now();
    const held = new Set<number>();
    for (let i = 0, at = 8 + many * 14; i < pairs; i++, at += 22) {
      const one = this.people.get(view.getUint16(at, true));
      if (one) { one.hands = [read(view, at + 2), read(view, at + 12)]; held.add(one.id); }
    }
    for (let i = 0, at = 8; i < many; i++, at += 14) {
      const one = this.people.get(view.getUint16(at, true));
      if (!one || one.id === this.me) continue;
      one.samples = [...one.samples.slice(-3), { at: now, ...read(view, at + 2) }];
      if (!held.has(one.id)) one.hands = [];
    }
  }

  // Where a person is drawn now: between the two samples around 100 ms ago.
  static where(one: Person, now: number): { place: Vector3; turn: Quaternion } | null {
    const s = one.samples, at = now - BEHIND;
    if (!s.length) return null;
    for (let i = s.length - 1; i > 0; i--) {
      const a = s[i - 1]!, b = s[i]!;
      if (a.at <= at) {
        const t = Math.min(1, (at - a.at) / Math.max(1, Math.min(b.at - a.at, 250)));
        return { place: a.place.clone().lerp(b.place, t), turn: a.turn.clone().slerp(b.turn, t) };
      }
    }
    return s.at(-1)!;
  }

  // Send where I am, ten times a second at most and only where it changed; what comes too early is sent when its time has come, however long the next frame takes.
  pose(place: Vector3, turn: Quaternion, hands: { place: Vector3; turn: Quaternion }[], now: number): void {
    window.clearTimeout(this.later);
    const early = this.sentAt + POSE_MS - now;
    if (early > 0) {
      const [there, turned, held] = [place.clone(), turn.clone(), hands.map((h) => ({ place: h.place.clone(), turn: h.turn.clone() }))];
      this.later = window.setTimeout(() => this.pose(there, turned, held, performance.now()), early + 1);
      return;
    }
    if (!this.linked || this.socket?.readyState !== WebSocket.OPEN) return;
    const both = hands.length === 2;
    const data = new DataView(new ArrayBuffer(both ? 32 : 12));
    write(data, 0, place, turn);
    data.setUint16(10, both ? 1 : 0, true);
    if (both) hands.forEach((h, i) => write(data, 12 + i * 10, h.place, h.turn));
    const mark = new Uint8Array(data.buffer).join();
    if (mark === this.last) return;
    this.last = mark; this.sentAt = now;
    this.socket.send(data.buffer);
  }

  /** Said at once, or when the link is back. */
  say(words: string): void {
    if (this.linked && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ say: words }));
    else this.unsaid = [...this.unsaid.slice(-4), words];
  }
}
