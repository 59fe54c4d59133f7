// Pictures that the page paints itself, for textures.
export function penOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser paints no pictures");
  return pen;
}

export function newCanvas(wide: number, tall: number) {
  const canvas = document.createElement("canvas");
  canvas.width = wide;
  canvas.height = tall;
  return { canvas, pen: penOf(canvas) };
}

/** A filled rectangle with round corners. */
export function fillRound(
  pen: CanvasRenderingContext2D,
  [x, y, wide, tall]: [number, number, number, number],
  round: number,
): void {
  pen.beginPath();
  pen.roundRect(x, y, wide, tall, round);
  pen.fill();
}
