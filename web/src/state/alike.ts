/** How many characters two texts share at their beginning, and at their end. */
export function alike(old: string, now: string): [number, number] {
  const most = Math.min(old.length, now.length);
  let head = 0, tail = 0;
  while (head < most && old[head] === now[head]) head++;
  while (tail < most - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  return [head, tail];
}

/** Where a place of the old text lies in the new one. */
export function moved(old: string, now: string, place: number): number {
  const [head, tail] = alike(old, now);
  return place <= head ? place : place >= old.length - tail ? place + now.length - old.length : head;
}
