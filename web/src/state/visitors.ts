// Other people in the valley: poses over one socket (as world/visitors.py has them), drawn 100 ms behind so that they move evenly.
import type { Quaternion, Vector3 } from "three";
import { noticeChinese } from "../fonts/chinese";
import { readPose, writePose, type Pose } from "./poseCodec";
import { socketAt } from "./sockets";

const BEHIND = 100; // ms that people are drawn behind
const LONGEST = 250; // ms between two samples, as they are drawn at most
const POSE_MS = 100; // between two poses that are sent
const AGAIN_MS = 1500; // before a lost link is tried again
const HEAD = 8; // bytes before the poses of a message
const BODY = 14; // bytes of a person's pose
const PAIR = 22; // bytes of a person's hands

export interface Line {
  who: number;
  name: string;
  say: string;
}
interface Sample extends Pose {
  at: number;
}
export interface Person {
  id: number;
  name: string;
  samples: Sample[];
  hands: Pose[];
}

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
    const socket = socketAt(`/v1/visitors?name=${encodeURIComponent(name)}`);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => {
      if (typeof event.data !== "string") return this.seen(event.data as ArrayBuffer);
      noticeChinese(event.data);
      this.told(JSON.parse(event.data) as Record<string, unknown>);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.linked = false;
      this.people.clear();
      this.changed();
      if (!this.over) this.timer = window.setTimeout(() => this.open(name), AGAIN_MS);
    };
  }

  close(): void {
    this.over = true;
    window.clearTimeout(this.timer);
    window.clearTimeout(this.later);
    this.socket?.close();
    this.socket = null;
  }

  private add(id: number, name: string): void {
    this.people.set(id, { id, name, samples: [], hands: [] });
  }

  private told(m: Record<string, unknown>): void {
    if ("you" in m) {
      this.me = m.you as number;
      this.name = m.name as string;
      this.linked = true;
      this.said = m.said as Line[];
      this.people.clear();
      this.last = "";
      for (const [id, name] of m.here as [number, string][]) this.add(id, name);
      for (const words of this.unsaid.splice(0)) this.say(words);
    }
    if ("came" in m) {
      const [id, name] = m.came as [number, string];
      this.add(id, name);
    }
    if ("went" in m) this.people.delete(m.went as number);
    if ("said" in m && !("you" in m)) this.said = [...this.said.slice(-49), m.said as Line];
    this.changed();
  }

  private seen(data: ArrayBuffer): void {
    const view = new DataView(data);
    const many = view.getUint16(4, true);
    const pairs = view.getUint16(6, true);
    const now = performance.now();
    const held = new Set<number>();
    for (let i = 0, at = HEAD + many * BODY; i < pairs; i++, at += PAIR) {
      const one = this.people.get(view.getUint16(at, true));
      if (!one) continue;
      one.hands = [readPose(view, at + 2), readPose(view, at + 12)];
      held.add(one.id);
    }
    for (let i = 0, at = HEAD; i < many; i++, at += BODY) {
      const one = this.people.get(view.getUint16(at, true));
      if (!one || one.id === this.me) continue;
      one.samples = [...one.samples.slice(-3), { at: now, ...readPose(view, at + 2) }];
      if (!held.has(one.id)) one.hands = [];
    }
  }

  /** Where a person is drawn now: between the two samples around 100 ms ago. */
  static where({ samples }: Person, now: number): Pose | null {
    const at = now - BEHIND;
    const i = samples.findLastIndex((sample, k) => k < samples.length - 1 && sample.at <= at);
    if (i < 0) return samples.at(-1) ?? null;
    const before = samples[i];
    const after = samples[i + 1];
    const apart = Math.max(1, Math.min(after.at - before.at, LONGEST));
    const share = Math.min(1, (at - before.at) / apart);
    return {
      place: before.place.clone().lerp(after.place, share),
      turn: before.turn.clone().slerp(after.turn, share),
    };
  }

  /** Send where I am, ten times a second at most and only where it changed; what comes too early is
      sent when its time has come, however long the next frame takes. */
  pose(place: Vector3, turn: Quaternion, hands: Pose[], now: number): void {
    window.clearTimeout(this.later);
    const early = this.sentAt + POSE_MS - now;
    if (early > 0) {
      const copy = (pose: Pose) => ({ place: pose.place.clone(), turn: pose.turn.clone() });
      const me = copy({ place, turn });
      const held = hands.map(copy);
      const send = () => this.pose(me.place, me.turn, held, performance.now());
      this.later = window.setTimeout(send, early + 1);
      return;
    }
    if (!this.linked || this.socket?.readyState !== WebSocket.OPEN) return;
    const both = hands.length === 2;
    const data = new DataView(new ArrayBuffer(both ? 32 : 12));
    writePose(data, 0, { place, turn });
    data.setUint16(10, both ? 1 : 0, true);
    if (both) hands.forEach((hand, i) => writePose(data, 12 + i * 10, hand));
    const mark = new Uint8Array(data.buffer).join();
    if (mark === this.last) return;
    this.last = mark;
    this.sentAt = now;
    this.socket.send(data.buffer);
  }

  /** Said at once, or when the link is back. */
  say(words: string): void {
    if (this.linked && this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ say: words }));
    else this.unsaid = [...this.unsaid.slice(-4), words];
  }
}
