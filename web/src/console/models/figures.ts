// The figures that a version may have, in the order in which they are shown; the first one leads.
import type { Figures } from "../../state/consoleWire";

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

/** The names of the figures that were measured. */
export const measured = (figures: Figures): FigureName[] =>
  FIGURES.filter((name) => name in figures);
