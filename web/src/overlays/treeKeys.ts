// What a key does in a tree of groups: where one goes, and what is folded.
export interface Group<Item extends { id: string } = { id: string }> {
  kind: string;
  items: Item[];
}
export type Folding = "fold" | "unfold" | "toggle";
export interface Step {
  to?: string;
  fold?: { kind: string; how: Folding };
}

/** What is shown, from top to bottom: groups, and the items of those that are open. */
export const shownItems = (groups: Group[], shut: string[]): string[] =>
  groups.flatMap((group) => [
    group.kind,
    ...(shut.includes(group.kind) ? [] : group.items.map((item) => item.id)),
  ]);

/** What a key does at an item; null where it is not the tree's key. */
export function step(key: string, at: string, groups: Group[], shut: string[]): Step | null {
  const shown = shownItems(groups, shut);
  const now = shown.indexOf(at);
  const group = groups.find((g) => g.kind === at || g.items.some((item) => item.id === at));
  if (now < 0 || !group) return null;
  const { kind } = group;
  const isHead = at === kind;
  const go = (to: number): Step => ({ to: shown[Math.max(0, Math.min(shown.length - 1, to))] });
  switch (key) {
    case "ArrowDown":
      return go(now + 1);
    case "ArrowUp":
      return go(now - 1);
    case "Home":
      return go(0);
    case "End":
      return go(shown.length - 1);
    case "ArrowLeft":
      return isHead ? { fold: { kind, how: "fold" } } : { to: kind };
    case "ArrowRight":
      if (!isHead) return {};
      return shut.includes(kind) ? { fold: { kind, how: "unfold" } } : go(now + 1);
    case "Enter":
    case " ":
      return isHead ? { fold: { kind, how: "toggle" } } : null;
    default:
      return null;
  }
}
