// The figures that a version may have, in the order in which they are shown; the first one leads.
import type { Figures, Gate, Version } from "../../state/consoleWire";

export type FigureName = keyof Figures;

export const FIGURES: readonly FigureName[] = [
  "accuracy",
  "macro_f1",
  "auc",
  "log_loss",
  "brier",
  "calibration_error",
  "rank_error",
  "kappa",
  "r2",
  "mae",
  "rmse",
  "median_error",
  "micro_f1",
  "subset_accuracy",
  "span_f1",
  "hit_rate_at_10",
  "ndcg_at_10",
  "mrr",
  "recall_at_1",
  "recall_at_5",
  "perplexity",
  "rouge_l",
  "exact",
];

/** Figures from 0 to 1 of which more is better; they are drawn as bars. */
export const SHARES: ReadonlySet<FigureName> = new Set<FigureName>([
  "accuracy",
  "macro_f1",
  "auc",
  "r2",
  "micro_f1",
  "subset_accuracy",
  "span_f1",
  "hit_rate_at_10",
  "ndcg_at_10",
  "mrr",
  "recall_at_1",
  "recall_at_5",
  "rouge_l",
  "exact",
]);

/** The names of the figures that were measured; those that a gate bounds come first. */
export function measured(figures: Figures, gates: readonly Gate[] = []): FigureName[] {
  const names = FIGURES.filter((name) => name in figures);
  const bounded = (name: FigureName) => gates.some((gate) => gate.metric === name);
  return [...names.filter(bounded), ...names.filter((name) => !bounded(name))];
}

/** The newest version, where it was refused. */
export function refusedVersion(versions: readonly Version[]): Version | undefined {
  const newest = versions.at(-1);
  return newest?.state === "refused" ? newest : undefined;
}
