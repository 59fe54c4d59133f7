// How much detail is drawn: level 0 has it all, and what only adorns goes first.
/** The last level, with the least detail; where no graphics card draws, the page begins there. */
export const LEVELS = 3;
/** Pixels drawn for one of the page, by level; where two are given, as many as the screen has between them. */
export const SHARP: (number | [number, number])[] = [[1, 1.75], 1, 0.72, 0.5];

const SLOW = 0.09; // seconds a frame that are too many
const LOOK = 4; // frames that are looked at
const FIRST = 2; // frames before those, which make shaders
const QUICK = 0.025; // seconds a frame that leave room for more
const EASE = 120; // frames in a row that must be so quick; the more, the oftener more was too much

/** Watches how long frames take, and says which level suits. */
export class FramePace {
  private times: number[] = [];
  private quick = 0;
  private tried = 0;

  /** Frames that say nothing, such as of a hidden page, are left out. */
  forget(): void {
    this.times = [];
  }

  /** The level that suits after a frame of so many seconds. */
  after(seconds: number, level: number): number {
    this.quick = level > 0 && seconds < QUICK ? this.quick + 1 : 0;
    if (this.quick > EASE * 2 ** this.tried) {
      // there is room again, as when another program has ended
      this.quick = 0;
      this.tried += 1;
      this.forget();
      return level - 1;
    }
    if (level >= LEVELS) return level;
    this.times.push(seconds);
    if (this.times.length < LOOK + FIRST) return level;
    const looked = this.times.slice(FIRST).sort((a, b) => a - b);
    const middle = looked[Math.floor(LOOK / 2)];
    this.forget();
    if (middle <= SLOW) return level;
    return middle > 3 * SLOW ? LEVELS : level + 1;
  }
}
