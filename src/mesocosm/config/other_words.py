"""Words of other tools, and where ecosystem.yaml has what they mean.

Knows words only. Source: the documentation of scikit-learn, Keras, PyTorch Lightning, Hugging Face
Transformers and PEFT, pandas, Great Expectations, dbt, MLflow, Ludwig and Kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesocosm.core.messages import Message, Text

SETTING_IN = re.compile(r"('[^']+') in ('[^']+')")

PLACES: dict[str, dict[str, str]] = {
    "": {
        "config.word.ecosystem": "name project",
        "'grammar: 2'": "version",
        "config.word.sources": "data inputs connections connectors",
        "config.word.datasets": "dataset tables features feature_store",
        "'models'": "model training train pipeline pipelines experiments",
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
        "config.word.url": "host port user username password database dsn",
        "'contract'": "expectations checks constraints tests",
        "'skip'": "skiprows skip_rows",
        "'sheet'": "sheet_name",
        "'about'": "description comment",
    },
    "datasets.*": {
        "'from'": "source sources data path file table query",
        "'fields'": "columns schema features",
        "'key'": "primary_key id index",
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
    "datasets.*.fields.*": {
        "'type'": "dtype data_type kind",
        "'rules: [not_null]'": "nullable required not_null",
        "'missing'": "impute imputation fillna default fill",
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
        "config.word.require": "metric metrics threshold thresholds gates evaluation",
        "'over' in 'search'": "hyperparameters param_grid parameters hyperparameter_search",
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
    },
    "services.*": {
        "'model'": "models predictor",
        "'answers'": "dataset knowledge faq knowledge_base",
        "'workers' in 'runtime'": "replicas workers num_workers",
        "'max' in 'batch'": "batch_size max_batch_size",
        "'timeout' in 'runtime'": "timeout request_timeout",
        "'rollout'": "strategy canary deployment deploy shadow",
        "'update'": "schedule retrain retraining",
        "'abstain'": "confidence_threshold threshold min_confidence",
        "config.word.up": "port host route endpoint",
        "'keep' in 'log'": "log_retention logging retention",
        "'about'": "description comment",
    },
    "monitors.*": {
        "'service'": "model target endpoint",
        "'on' in 'anomaly'": "metrics metric",
        "'drift'": "threshold drift_threshold type method data_drift features",
        "'every'": "interval schedule frequency cron",
        "'notify'": "alert alerts webhook email slack mail receivers",
        "config.word.reactions": "action actions retrain remediation on_alert",
        "'window' in 'drift'": "window window_size reference",
        "'about'": "description comment",
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
    meanings = PLACES.get(_pattern(path), {})
    plain = word.casefold().replace("-", "_")
    place = next((place for place, words in meanings.items() if plain in words.split()), "")
    if place.startswith("config."):
        return Message(place)
    if inner := SETTING_IN.fullmatch(place):
        return Message("config.setting_in", setting=inner[1], outer=inner[2])
    return place


def _pattern(path: Sequence[object]) -> str:
    """The path with `*` for names: `models.*.fine_tune`."""
    steps = [str(step) for step in path]
    for at in {"world": (2,), "datasets": (1, 3)}.get(steps[0] if steps else "", (1,)):
        if at < len(steps):
            steps[at] = "*"
    return ".".join(steps)
