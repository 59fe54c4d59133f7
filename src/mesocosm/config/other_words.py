"""Words of other tools, and where ecosystem.yaml has what they mean.

Knows words only. Source: the documentation of scikit-learn, Keras, PyTorch Lightning, Hugging Face
Transformers and PEFT, pandas, Great Expectations, dbt, MLflow, Ludwig and Kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mesocosm.core.messages import Message, Text

SETTING_IN = re.compile(r"('[^']+') in ('[^']+')")

HEAD_SETTINGS = (
    "n_estimators max_depth min_samples_split min_samples_leaf num_leaves subsample max_iter"
    " colsample_bytree n_neighbors hidden_layer_sizes gamma kernel"
)
PLACES: dict[str, dict[str, str]] = {
    "": {
        "config.word.ecosystem": "name project metadata",
        "'grammar: 2'": "version apiversion api_version schema_version",
        "config.none.kind": "kind spec",
        "config.word.sources": "data inputs connections connectors",
        "config.word.datasets": "dataset tables features feature_store",
        "'models'": "model training train pipeline pipelines experiment experiments",
        "'services'": "service serving deployment deployments endpoints inference",
        "'monitors'": "monitor monitoring alerts observability",
        "config.word.environment": "env environment secrets variables",
    },
    "sources.*": {
        "'type'": "kind format connector driver",
        "config.word.path": "file filename filepath location uri files",
        "'delimiter'": "sep separator delim",
        "'encoding'": "charset",
        "'table'": "query sql",
        "'every'": "schedule interval refresh cron frequency",
        "'fresh' in 'contract'": "freshness",
        "'url'": "endpoint bucket address",
        "config.word.url": "host port user username password database dsn",
        "'contract'": "expectations checks constraints tests",
        "'skip'": "skiprows skip_rows",
        "'sheet'": "sheet_name",
        "'about'": "description comment",
    },
    "datasets.*": {
        "'from'": "source sources data path file table query",
        "'fields'": "columns schema features",
        "'key'": "primary_key unique_key id index",
        "config.word.fresh": "freshness",
        "config.none.materialized": "materialized materialization",
        "config.word.target": "target label",
        "'split'": "test_size train_test_split validation validation_split test train",
        "'duplicates'": "dedup deduplicate drop_duplicates",
        "'rules'": "expectations checks constraints tests validations",
        "'retention'": "ttl retention_days expire",
        "config.word.private": "pii privacy mask",
        "config.word.missing": "impute imputation fillna missing",
        "config.word.outliers": "outliers",
        "'repairs'": "transformations transforms steps",
        "'about'": "description comment",
    },
    "datasets.*.split": {
        "'test'": "test_size test_ratio holdout",
        "'validation'": "val val_size valid dev validation_size validation_split eval",
        "'seed'": "random_state random_seed",
        "'stratify'": "stratified stratify_by",
        "'group'": "groups group_by",
        "config.none.train_share": "train train_size train_ratio training",
        "config.none.shuffle": "shuffle",
        "config.none.folds": "cv folds n_splits k",
    },
    "datasets.*.duplicates": {
        "'by'": "subset columns keys on",
    },
    "datasets.*.fields.*.missing": {
        "'method'": "strategy imputer",
        "'value'": "fill_value",
        "'k'": "n_neighbors neighbors",
    },
    "datasets.*.fields.*.private": {
        "'show'": "chars visible keep last",
        "'method'": "strategy operator",
    },
    "datasets.*.fields.*.outliers": {
        "'k'": "threshold factor multiplier whis",
        "'method'": "strategy detector",
        "'action'": "on_outlier treatment",
    },
    "datasets.*.fields.*": {
        "'type'": "dtype data_type kind",
        "'rules: [not_null]'": "nullable required not_null",
        "'rules'": "tests checks expectations constraints validations",
        "'missing'": "impute imputation imputer fillna default fill",
        "config.word.null": "na_values null_values missing_values",
        "'formats'": "format date_format",
        "'rules: [{type: range, min: ..., max: ...}]'": "min max range minimum maximum",
        "'values'": "categories enum levels classes choices",
        "'rules: [unique]'": "unique",
        "'rules: [{type: regex, pattern: ...}]'": "pattern regex",
        "'column'": "name rename source",
        "'private'": "pii mask sensitive",
        "'unit'": "currency units",
        "'zone'": "timezone tz",
        "'outliers'": "outlier clip",
        "config.word.scaling": "scale scaler normalize standardize",
        "'about'": "description comment",
    },
    "models.*": {
        "'target'": "label labels y target_column label_column output outputs response",
        "'features'": "x columns feature_columns input predictors independent_variables",
        "'dataset'": "data train_data training_data train",
        "config.word.base_or_head": (
            "model_type algorithm estimator type architecture model classifier"
        ),
        "'base'": "pretrained pretrained_model model_name model_name_or_path backbone base_model",
        "'epochs' in 'fine_tune'": "epochs num_epochs num_train_epochs max_epochs n_epochs",
        "'learning_rate' in 'fine_tune'": "learning_rate lr",
        "'batch' in 'fine_tune'": "batch batch_size per_device_train_batch_size",
        "'loss' in 'fine_tune'": "loss criterion objective loss_function",
        "'optimizer' in 'fine_tune'": "optimizer optimiser optim",
        "'schedule' in 'fine_tune'": "schedule scheduler lr_scheduler lr_scheduler_type",
        "'weight_decay' in 'fine_tune'": "weight_decay l2 regularization",
        "'dropout' in 'fine_tune'": "dropout",
        "'patience' in 'fine_tune'": "early_stopping patience early_stopping_patience",
        "'augment' in 'fine_tune'": "augment augmentation data_augmentation",
        "'fine_tune: {method: NAME}'": (
            "method lora adapter prefix adalora frozen peft peft_config tuning finetune"
            " fine_tuning freeze"
        ),
        "'rank' in 'fine_tune: {method: lora}'": "r lora_r lora_rank lora_alpha",
        "config.word.require": "metric metrics threshold thresholds gates evaluation scoring",
        "'over' in 'search'": "param_grid hyperparameter_search",
        "config.word.one_or_several": "hyperparameters parameters params",
        "config.none.head_settings": HEAD_SETTINGS,
        "config.none.tokenizer": "tokenizer tokenizer_name vocab vocabulary",
        "config.none.registry": "stage alias registered_model_name",
        "'trials' in 'search'": "n_trials trials n_iter max_trials",
        "'seed'": "random_state random_seed",
        "'max_length'": "max_seq_length max_tokens sequence_length",
        "config.word.split": (
            "split test_size validation_split train_test_split cv folds cross_validation"
        ),
        "'weights' in 'fine_tune.loss'": "class_weight class_weights sample_weight",
        "config.word.task": ("task task_type problem_type problem num_labels num_classes"),
        "'groups' in 'fairness'": "sensitive_features protected_attributes protected",
        "'track'": "tracking logger mlflow wandb callbacks",
        "config.word.track": "tracking_uri experiment experiment_name run_name",
        "'about'": "description comment",
    },
    "models.*.fine_tune": {
        "'learning_rate'": "lr",
        "'batch'": "batch_size per_device_train_batch_size",
        "'epochs'": "num_epochs num_train_epochs max_epochs n_epochs",
        "'rank'": "r lora_r lora_rank",
        "'alpha'": "lora_alpha",
        "'targets'": "target_modules",
        "'optimizer'": "optim",
        "'schedule'": "scheduler lr_scheduler lr_scheduler_type",
        "'warmup' in 'schedule'": "warmup warmup_steps warmup_ratio",
        "'accumulate'": "gradient_accumulation_steps accumulate_grad_batches",
        "'clip'": "max_grad_norm gradient_clip_val clip_norm",
        "'patience'": "early_stopping early_stopping_patience",
        "'precision'": "fp16 bf16 mixed_precision",
        "'checkpointing'": "gradient_checkpointing",
        "'smoothing' in 'loss'": "label_smoothing label_smoothing_factor",
        "'weights' in 'loss'": "class_weight class_weights",
        "'width'": "adapter_size bottleneck reduction_factor hidden_size",
        "'length'": "num_virtual_tokens prefix_length prompt_length",
        "config.word.seed": "seed random_state",
        "config.word.max_length": "max_length max_seq_length",
        "'augment'": "augmentation data_augmentation",
        "'head'": "classifier",
        "config.none.head_settings": HEAD_SETTINGS,
        "config.none.tokenizer": "tokenizer tokenizer_name",
    },
    "models.*.search": {
        "'trials'": "n_trials n_iter max_trials num_samples",
        "'over'": "param_grid parameters space hyperparameters",
        "'sampler'": "algorithm strategy method type",
        "'minutes'": "timeout time_limit max_minutes",
        "'prune'": "pruner early_stopping",
    },
    "models.*.require": {
        "'auc'": "roc_auc auroc auc_roc roc_auc_score rocauc",
        "'accuracy'": "acc accuracy_score balanced_accuracy",
        "'macro_f1'": "f1 f1_score f1_macro fscore f_score",
        "'micro_f1'": "f1_micro",
        "'mae'": "mean_absolute_error",
        "'rmse'": "mse mean_squared_error root_mean_squared_error",
        "'r2'": "r2_score r_squared",
        "'log_loss'": "logloss cross_entropy nll loss eval_loss",
        "'brier'": "brier_score",
        "'calibration_error'": "ece expected_calibration_error",
        "'kappa'": "cohen_kappa quadratic_kappa",
        "'ndcg_at_10'": "ndcg",
        "'hit_rate_at_10'": "hit_rate hit_ratio",
        "'rouge_l'": "rouge rougel bleu",
        "'exact'": "exact_match em",
        "'parity_gap'": "demographic_parity demographic_parity_difference",
        "'odds_gap'": "equalized_odds equalized_odds_difference",
        "config.none.recall": "recall precision recall_score precision_score sensitivity",
    },
    "services.*": {
        "'model'": "models predictor",
        "config.word.canary": "canary traffic traffic_split",
        "config.word.resources": "resources limits requests",
        "'memory' in 'runtime'": "memory memory_limit",
        "'threads' in 'runtime'": "cpu cpus threads",
        "config.none.stage": "stage alias environment",
        "config.none.scaling": "autoscaling hpa min_replicas max_replicas minreplicas",
        "'answers'": "dataset knowledge faq knowledge_base",
        "'workers' in 'runtime'": "replicas workers num_workers",
        "'max' in 'batch'": "batch_size max_batch_size",
        "'timeout' in 'runtime'": "timeout request_timeout",
        "'rollout'": "strategy deployment deploy shadow",
        "'update'": "schedule retrain retraining",
        "'abstain'": "confidence_threshold threshold min_confidence",
        "config.word.port": "port",
        "config.word.host": "host",
        "config.none.route": "route endpoint path url",
        "'keep' in 'log'": "log_retention logging retention",
        "'about'": "description comment",
    },
    "services.*.rollout": {
        "config.word.canary_steps": "canary weight weights percent percentage traffic",
        "'method'": "strategy type",
        "'steps'": "stages",
        "'bake_time'": "wait pause interval",
    },
    "services.*.batch": {
        "'max'": "size batch_size max_batch_size max_size",
        "'wait'": "timeout max_wait max_latency max_queue_delay",
    },
    "services.*.runtime": {
        "'workers'": "replicas num_workers processes",
        "'memory'": "ram memory_limit limits",
        "'threads'": "cpu cpus num_threads",
        "'precision'": "quantization quantize dtype",
    },
    "monitors.*": {
        "'service'": "model target endpoint",
        "'on' in 'anomaly'": "metrics metric",
        "config.word.false_alarms": "threshold drift_threshold alpha",
        "'drift'": "type method data_drift features",
        "'every'": "interval schedule frequency cron",
        "'notify'": "alert alerts webhook email slack mail receivers",
        "config.word.reactions": "action actions retrain remediation on_alert",
        "'window' in 'drift'": "window window_size reference",
        "'about'": "description comment",
    },
    "monitors.*.drift": {
        "config.word.threshold": "threshold alpha p_value pvalue significance",
        "'method'": "test stattest detector type",
        "'window'": "window_size size",
        "config.none.reference": "reference reference_window baseline features columns",
    },
    "monitors.*.notify": {
        "'webhook'": "slack url teams discord webhook_url pagerduty type channel",
        "'mail'": "email to recipients receivers",
        "'sender'": "from",
    },
    "world.places.*": {
        "'service'": "model dataset",
        "'as'": "type form kind",
        "'inhabitant'": "agent npc character persona",
    },
}


def place_of_word(path: Sequence[object], word: str) -> Text:
    """Where the file has what a word of another tool means; empty where nothing is known.

    Args:
        path: of the map that has the word as a key.
        word: the key.

    >>> str(place_of_word(["models", "risk"], "epochs"))
    "'epochs' in 'fine_tune'"
    >>> place_of_word(["models", "risk"], "income")
    ''
    """
    return find_meaning(PLACES.get(pattern_of(path), {}), word)


def find_meaning(meanings: Mapping[str, str], word: str) -> Text:
    """What a word means by a table of meanings, each with the words for it; empty where nothing
    is known.
    """
    plain = word.strip().casefold().replace("-", "_").replace(" ", "_")
    place = next((place for place, words in meanings.items() if plain in words.split()), "")
    if place.startswith("config."):
        return Message(place)
    if inner := SETTING_IN.fullmatch(place):
        return Message("config.setting_in", setting=inner[1], outer=inner[2])
    return place


def is_sentence(meaning: Text) -> bool:
    """Whether a meaning is a whole sentence: there is no such setting, and what does its job."""
    return isinstance(meaning, Message) and meaning.id.startswith("config.none.")


def pattern_of(path: Sequence[object]) -> str:
    """The path with `*` for names and without positions in lists: `models.*.fine_tune`."""
    steps = [str(step) for step in path if not isinstance(step, int)]
    for at in {"world": (2,), "datasets": (1, 3)}.get(steps[0] if steps else "", (1,)):
        if at < len(steps):
            steps[at] = "*"
    return ".".join(steps)
