/** How many characters two texts share at their beginning, and at their end. */
export function alike(old: string, now: string): [head: number, tail: number] {
  const most = Math.min(old.length, now.length);
  let head = 0;
  while (head < most && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  return [head, tail];
}

/** Where a place of the old text lies in the new one. */
export function moved(old: string, now: string, place: number): number {
  const [head, tail] = alike(old, now);
  if (place <= head) return place;
  if (place >= old.length - tail) return place + now.length - old.length;
  return head;
}
