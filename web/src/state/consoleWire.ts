// Generated from src/mesocosm/app/console_wire.py; run `python -m mesocosm.app.console_wire`.
import type { Scene } from "./wire";

export interface Change {
  address: string;
  sign: string;
  action: string;
  because: string[];
}

export interface Recommendation {
  page: string;
  text: string;
}

export interface Account {
  in: number;
  kept: number;
  quarantined: number;
  duplicates: number;
}

export interface FieldFigures {
  missing: number;
  mean?: number | null;
}

export interface Treatment {
  filled?: number;
  outside?: number | null;
}

export interface SourceAccount {
  read: number;
  used: number;
  unmatched: number;
  repeated: number;
  rejected: number;
}

export interface Report {
  quality: number;
  before: Record<string, FieldFigures>;
  after: Record<string, FieldFigures>;
  treated: Record<string, Treatment>;
  reasons: Record<string, number>;
  unreadable?: Record<string, number>;
  sources?: Record<string, SourceAccount>;
}

export interface Dataset {
  id: string;
  account: Account;
  report: Report;
  at: number;
}

export interface Figures {
  accuracy?: number | null;
  macro_f1?: number | null;
  auc?: number | null;
  log_loss?: number | null;
  brier?: number | null;
  calibration_error?: number | null;
  rank_error?: number | null;
  kappa?: number | null;
  r2?: number | null;
  mae?: number | null;
  rmse?: number | null;
  median_error?: number | null;
  micro_f1?: number | null;
  subset_accuracy?: number | null;
  span_f1?: number | null;
  hit_rate_at_10?: number | null;
  ndcg_at_10?: number | null;
  mrr?: number | null;
  recall_at_1?: number | null;
  recall_at_5?: number | null;
  perplexity?: number | null;
  rouge_l?: number | null;
  exact?: number | null;
}

export interface CurvePoint extends Figures {
  rows: number;
}

export interface ClassFigures {
  rows: number;
  precision: number;
  recall: number;
  f1: number;
}

export interface Slice {
  where: string;
  rows: number;
  accuracy: number;
  p: number;
}

export interface Robustness {
  as_they_are?: number | null;
  typo?: number | null;
  paraphrase?: number | null;
  other_script?: number | null;
  other_width?: number | null;
}

export interface Fairness {
  fields: Record<string, unknown>;
}

export interface Written {
  asked: string;
  wrote: string;
  wanted: string;
}

export interface Metrics extends Figures {
  rows: number;
  interval?: Record<string, [number, number]>;
  baselines?: Record<string, Figures>;
  classes?: Record<string, ClassFigures>;
  curve?: CurvePoint[];
  slices?: Slice[];
  robustness?: Robustness | null;
  fairness?: Fairness | null;
  parity_gap?: number | null;
  odds_gap?: number | null;
  accuracy_gap?: number | null;
  examples?: Written[] | null;
}

export interface Epoch {
  epoch: number;
  train_loss?: number | null;
  held_loss?: number | null;
}

export interface Recipe {
  method: string;
  head: string;
  base?: string | null;
  precision?: string | null;
  history?: Epoch[];
}

export interface Gate {
  metric: string;
  bound: string;
  value: number | null;
  passed: boolean;
}

export interface Version {
  id: string;
  number: number;
  state: string;
  why: string;
  metrics: Metrics;
  gates: Gate[];
  recipe: Recipe;
  snapshot: string;
  origin: string;
  at: number;
}

export interface ServiceFigures {
  rate: number;
  p50_ms: number | null;
  p95_ms: number | null;
  error_rate: number | null;
  refused_rate: number | null;
}

export interface Deployment {
  id: number;
  version: string;
  answers: string;
  who: string;
  why: string;
  at: number;
}

export interface RolloutSide {
  requests: number;
  errors: number;
  p95_ms: number | null;
  judged: number;
  right: number;
  both: number;
  agreed: number;
}

export interface RolloutDetail {
  new?: RolloutSide | null;
  old?: RolloutSide | null;
  difference?: number | null;
  p?: number | null;
  steps?: number | null;
  share?: number | null;
}

export interface Rollout {
  version: string;
  before: string;
  strategy: string;
  step: number;
  why: string;
  detail: RolloutDetail | null;
}

export interface Output {
  label?: unknown;
  probability?: number | null;
  value?: number | null;
  interval?: [number, number] | null;
}

export interface Prediction {
  id: string;
  version: string;
  output: Output;
  ms: number;
  at: number;
}

export interface Service {
  figures: ServiceFigures;
  version: string | null;
  trouble: string;
  speaks: boolean;
  history: Deployment[];
  rollout: Rollout | null;
  strategy: string;
  recent: Prediction[];
}

export interface Verdict {
  kind: string;
  remedy: string;
  why?: string;
  harm?: number | null;
}

export interface Surge {
  usual?: Record<string, number> | null;
}

export interface Look {
  waiting?: number | null;
  window?: number | null;
  level?: number | null;
  p_values?: Record<string, number> | null;
  unwatched?: string | null;
  labels?: string | null;
  trouble?: string | null;
  verdict?: Verdict | null;
  surge?: Surge | null;
}

export interface Monitor {
  watches: string;
  last: Look;
}

export interface AlertDetail {
  verdict?: Verdict | null;
}

export interface Alert {
  id: string;
  monitor: string;
  service: string;
  message: string;
  detail: AlertDetail | null;
  at: number;
  cleared_at: number | null;
}

export interface AuditEntry {
  id: number;
  at: number;
  who: string;
  act: string;
  what: string;
  why: string;
}

export interface Ecosystem {
  scene: Scene;
  next: Recommendation[];
  plan: Change[];
  datasets: Record<string, Dataset>;
  models: Record<string, Version[]>;
  services: Record<string, Service>;
  monitors: Record<string, Monitor>;
  silenced: string[];
  alerts: Alert[];
  audit: AuditEntry[];
}

export interface DatasetVersion {
  id: string;
  account: Account;
  quality: number;
  at: number;
}

export interface RowCounts {
  added: number;
  removed: number;
  changed: number;
  same: number;
}

export interface Difference {
  old: string;
  new: string;
  files: string[];
  rows: RowCounts;
  changed: Record<string, number>;
  moved: Record<string, number | null>;
}

export interface DatasetVersions {
  dataset: string;
  versions: DatasetVersion[];
  diff?: Difference | null;
}

export interface LineageVersion {
  id: string | null;
  model: string | null;
  content: string | null;
}

export interface LineageRecipe {
  method: string;
  head: string;
}

export interface LineageSnapshot {
  id: string | null;
  account: Account;
}

export interface LineageRows {
  training: number;
  lines: Record<string, string>;
}

export interface Asked {
  id: string;
  service: string;
  output: Output;
  at: number;
}

export interface Lineage {
  prediction: Asked;
  version: LineageVersion;
  recipe: LineageRecipe;
  snapshot: LineageSnapshot;
  files: Record<string, string>;
  rows: LineageRows;
}

export interface RunningWork {
  address: string;
  began: number;
  at?: number | null;
  left?: number | null;
  lines: string[];
  points: [number, number][];
  epochs: Epoch[];
}

export interface Unlabelled {
  inputs: Record<string, string | null>;
  says: string;
  probability: number;
  prediction?: string | null;
  service?: string | null;
  file?: string | null;
  line?: number | null;
}

export interface Unsure {
  labels: string[];
  waiting: number;
  found: Unlabelled[];
}

export interface Example {
  prediction: string;
  inputs: Record<string, string | null>;
}

export interface Proposal {
  name: string;
  rows: number;
  strange: number;
  nearest: string;
  alike: number;
  examples: Example[];
  predictions: string[];
}

export interface Proposals {
  labels: string[];
  waiting: number;
  strange: number;
  share: number;
  groups: Proposal[];
}

export interface Named {
  label: string;
  new: boolean;
  rows: number;
}

export interface Moved {
  service: string;
  from: string;
  to: string;
  why: string;
}

export interface WhatIfInput {
  name: string;
  type: string;
  unit: string | null;
  private: boolean;
  low?: number | null;
  high?: number | null;
  usual?: number | string | null;
  whole?: boolean | null;
  choices?: string[] | null;
}

export interface WhatIfForm {
  version: string;
  predict: string;
  inputs: WhatIfInput[];
  ready: boolean;
  beside: string | null;
}

export interface WhatIfAnswer {
  version: string;
  label: string;
  number: boolean;
  probability?: number | null;
  value?: number | null;
  interval?: [number, number] | null;
  base: number;
  inputs: Record<string, number>;
  beside?: WhatIfAnswer | null;
}

export interface Moment {
  what: string;
  at: number;
  name: string;
}

export interface Note {
  id: number;
  on: string;
  text: string;
  name: string;
  at: number;
}

export interface Ground {
  file?: string | null;
  line?: number | null;
  question?: string | null;
  says?: string | null;
  likeness?: number | null;
  thing?: string | null;
  revision?: number | null;
  version?: string | null;
  snapshot?: string | null;
}

export interface Sentence {
  text: string;
  path: string[];
  files: Record<string, string>;
  rests: Ground | null;
}

export interface Talk {
  sentences: Sentence[];
}
