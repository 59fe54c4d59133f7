// The heights of the land in a square grid whose middle is the origin.
export type Land = (x: number, z: number) => number;

export class HeightGrid {
  readonly step: number; // metres a cell
  readonly heights: Float32Array;
  private readonly half: number;
  private readonly row: number;

  constructor(
    readonly size: number,
    readonly cells: number,
  ) {
    this.step = size / cells;
    this.half = size / 2;
    this.row = cells + 1;
    this.heights = new Float32Array(this.row * this.row);
  }

  /** Gives every point its height. */
  fill(height: Land): void {
    const { row, step, half, heights } = this;
    for (let j = 0; j < row; j++)
      for (let i = 0; i < row; i++) heights[j * row + i] = height(i * step - half, j * step - half);
  }

  /** Changes the heights within reach of a place, knowing how far off each is. */
  change(x: number, z: number, reach: number, height: (now: number, far: number) => number): void {
    const { row, step, half, cells, heights } = this;
    const from = (v: number) => Math.max(0, Math.floor((v - reach + half) / step));
    const to = (v: number) => Math.min(cells, Math.ceil((v + reach + half) / step));
    for (let j = from(z); j <= to(z); j++)
      for (let i = from(x); i <= to(x); i++) {
        const far = Math.hypot(i * step - half - x, j * step - half - z);
        heights[j * row + i] = height(heights[j * row + i], far);
      }
  }

  /** The height at a place, between the four points around it; beyond the edge as at the edge. */
  land: Land = (x, z) => {
    const { row, step, half, cells, heights } = this;
    const inside = (v: number) => Math.min(cells - 1e-3, Math.max(0, (v + half) / step));
    const [u, v] = [inside(x), inside(z)];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [a, b] = [u - i, v - j];
    const at = j * row + i;
    return (
      (heights[at] * (1 - a) + heights[at + 1] * a) * (1 - b) +
      (heights[at + row] * (1 - a) + heights[at + row + 1] * a) * b
    );
  };
}
