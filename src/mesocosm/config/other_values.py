"""Words of other tools as values, and the values of ecosystem.yaml that mean the same; short forms.

Knows words only. A setting's `type` or `method` has the place of its map, since a bare word stands
for it. Source: the documentation of pandas, NumPy, SQL, dbt, Great Expectations, scikit-learn,
PyTorch and Hugging Face PEFT.
"""

from __future__ import annotations

from collections.abc import Sequence

from mesocosm.config.other_words import find_meaning, pattern_of
from mesocosm.core.messages import Message, Text

TREES = "random_forest randomforest xgboost xgb lightgbm lgbm catboost gradient_boosting gbm gbdt"
LINEAR = "logistic_regression logreg linear_regression ridge lasso svm linear_svc sgd"
NETWORKS = "mlpclassifier mlp_classifier neural_network dnn"
RULES = {
    "'not_null'": "expect_column_values_to_not_be_null notnull notna no_nulls required non_null",
    "'unique'": (
        "expect_column_values_to_be_unique is_unique uniqueness"
        " expect_compound_columns_to_be_unique dbt_utils.unique_combination_of_columns"
    ),
    "config.value.range": (
        "expect_column_values_to_be_between between min_max dbt_utils.accepted_range"
        " accepted_range in_range expect_column_min_to_be_between expect_column_max_to_be_between"
    ),
    "config.value.in_set": (
        "expect_column_values_to_be_in_set accepted_values isin allowed_values enum one_of"
        " expect_column_distinct_values_to_be_in_set"
    ),
    "config.value.regex": (
        "expect_column_values_to_match_regex str_matches matches match_regex pattern"
        " expect_column_values_to_match_like_pattern"
    ),
    "config.value.foreign_key": "relationships relationship references foreignkey",
    "config.value.row_count": (
        "expect_table_row_count_to_be_between expect_table_row_count_to_equal rowcount num_rows"
        " dbt_utils.equal_rowcount"
    ),
    "config.value.quantile": (
        "expect_column_quantile_values_to_be_between expect_column_median_to_be_between"
        " percentile median"
    ),
    "config.value.freshness": "dbt_utils.recency recency fresh",
    "config.value.distribution": "expect_column_kl_divergence_to_be_less_than psi drift",
    "config.value.condition": (
        "dbt_utils.expression_is_true expression_is_true custom_sql sql expression"
        " expect_column_pair_values_a_to_be_greater_than_b unexpected_rows_expectation"
    ),
    "config.none.types": "expect_column_values_to_be_of_type expect_column_to_exist of_type dtype",
}
VALUES: dict[str, dict[str, str]] = {
    "sources.*": {
        "'postgres'": "postgresql pg psql redshift",
        "'mysql'": "mariadb",
        "'excel'": "xlsx xls",
        "'csv'": "txt csv_file",
        "config.value.tsv": "tsv",
        "'http'": "rest api rest_api web",
        "config.value.bucket": "s3 gcs gs azure azure_blob abfs minio blob hdfs sftp ftp bucket",
        "'folder'": "directory dir images image_folder imagefolder",
        "'jsonl'": "ndjson json_lines jsonlines",
        "'delta'": "deltalake delta_lake",
        "'nats' or 'redis'": "kafka kinesis pubsub rabbitmq stream streaming",
        "config.none.source": (
            "pandas dataframe bigquery snowflake mongodb mongo mssql sqlserver oracle orc avro"
            " huggingface datasets hive clickhouse databricks sql jdbc odbc"
        ),
    },
    "datasets.*.fields.*": {
        "'text'": "string str varchar char nvarchar character string[pyarrow] varchar2 utf8",
        "'number'": "float double float64 float32 real numerical numeric continuous float16",
        "'integer'": "int int64 int32 int16 int8 bigint smallint long short uint8 uint64 uint32",
        "'boolean'": "bool bit binary",
        "'date' or 'time'": "datetime datetime64 datetime64[ns]",
        "'time'": "timestamp timestamptz",
        "'category'": "categorical enum factor nominal label class",
        "'list'": "array sequence set struct",
        "'decimal'": "money currency",
        "'text' or 'category'": "object",
    },
    "datasets.*.fields.*.missing": {
        "config.value.zero": "0 zero fill fillna fill_value",
        "'forward'": "ffill pad locf forward_fill",
        "'mode'": "most_frequent frequent",
        "'mean'": "average avg",
        "'drop'": "dropna remove delete skip",
        "'iterative'": "mice iterative_imputer",
        "'knn'": "knn_imputer nearest",
        "'keep'": "ignore none null",
    },
    "datasets.*.fields.*.private": {
        "'pseudonymise'": "hash sha256 md5 hashed anonymize anonymise tokenize pseudonymize",
        "'redact'": "remove drop replace hide delete suppress true",
        "'mask'": "masked partial star",
        "'encrypt'": "encrypted aes fernet",
    },
    "datasets.*.fields.*.outliers": {
        "'forest'": "isolation_forest isolationforest iforest",
        "'iqr'": "boxplot box_plot tukey quantile percentile",
        "'zscore'": "z_score z standard_deviation sigma std",
        "config.value.clip": "winsorize winsorise clip",
    },
    "datasets.*.rules": RULES,
    "datasets.*.fields.*.rules": RULES,
    "models.*.base": {
        "config.value.head": f"{TREES} {LINEAR} {NETWORKS}",
    },
    "models.*.fine_tune": {
        "config.value.boost": TREES,
        "config.value.linear": LINEAR,
        "config.value.mlp": f"{NETWORKS} mlp",
        "'frozen'": "linear_probe linear_probing feature_extraction head_only freeze none false",
        "'prefix'": "prefix_tuning p_tuning ptuning",
        "'prompt'": "prompt_tuning soft_prompt",
        "'full'": "full_finetuning full_fine_tuning finetune fine_tune true all sft",
        "'lora'": "qlora loraconfig peft",
        "'bitfit'": "bias bias_only",
        "'adapter'": "houlsby pfeiffer adapters",
        "'ia3'": "ia_3",
    },
    "models.*.fine_tune.head": {
        "'boost'": TREES,
        "'linear'": f"{LINEAR} logistic",
        "'mlp'": NETWORKS,
        "'kernel'": "knn nearest_neighbors kernel_ridge gaussian_process gp rbf",
        "'attention'": "transformer tabtransformer",
    },
    "models.*.fine_tune.precision": {
        "'bf16'": "fp16 float16 half 16 16_mixed mixed amp bfloat16",
        "'fp32'": "float32 full 32",
        "'fp64'": "float64 64",
    },
    "models.*.fine_tune.loss": {
        "'cross_entropy'": "ce crossentropy categorical_crossentropy nll softmax crossentropyloss",
        "'cross_entropy' or 'binary'": (
            "bce binary_crossentropy bcewithlogits bce_with_logits sigmoid log_loss"
        ),
        "'mse'": "l2 mean_squared_error squared_error mseloss",
        "'huber'": "smooth_l1 mae l1 mean_absolute_error",
        "'quantile'": "pinball",
        "'focal'": "focal_loss",
    },
    "models.*.fine_tune.optimizer": {
        "'adamw'": "adam_w adamw_torch paged_adamw_8bit rmsprop nadam radam adagrad lamb",
        "'sgd'": "momentum nesterov",
    },
    "models.*.fine_tune.schedule": {
        "'cosine'": "cosine_annealing cosineannealinglr cosine_with_restarts",
        "'plateau'": "reduce_on_plateau reducelronplateau reduce_lr_on_plateau",
        "'step'": "steplr exponential multistep",
        "'one_cycle'": "onecycle onecyclelr",
        "'linear'": "polynomial linear_with_warmup",
        "'constant'": "none constant_with_warmup",
    },
    "models.*.search.sampler": {
        "'tpe'": "bayesian bayes optuna hyperopt gp bohb",
        "'grid'": "gridsearch grid_search gridsearchcv exhaustive",
        "'random'": "randomized randomized_search randomizedsearchcv",
    },
    "services.*.rollout": {
        "'canary'": "rolling rolling_update rollingupdate gradual ab a/b ab_test linear",
        "'direct'": "recreate immediate all_at_once replace none",
        "'blue-green'": "bluegreen blue_green",
        "'shadow'": "mirror dark dark_launch",
    },
    "services.*.runtime": {
        "'onnx'": "onnxruntime tensorrt torchscript pytorch torch triton tensorflow openvino",
    },
    "services.*.runtime.precision": {
        "'int8'": "quantized quantised dynamic uint8 int4 fp8",
        "'fp32'": "float32 fp16 bf16 half",
    },
    "monitors.*.drift": {
        "'ks'": "kolmogorov_smirnov kolmogorov kstest ks_test wasserstein",
        "'chi2'": "chisquare chi_square chi_squared chi2_test",
        "'psi'": "population_stability_index jensenshannon jensen_shannon kl kl_div js",
        "'auto'": "true default data_drift",
    },
    "monitors.*.anomaly.on": {
        "'p95_ms'": "latency p95 p99 response_time duration latency_ms",
        "'error_rate'": "errors error failures 5xx",
        "'rate'": "throughput rps qps requests traffic",
    },
    "monitors.*.on_drift": {
        "config.value.notify": "email mail slack webhook notify pagerduty",
        "'retrain'": "train fit refit rebuild",
    },
    "monitors.*.on_anomaly": {
        "config.value.notify": "email mail slack webhook notify pagerduty",
        "'rollback'": "roll_back revert undo",
    },
    "monitors.*.notify": {
        "config.value.webhook": "slack teams discord pagerduty email mail",
    },
}
SHORT_FORMS = {  # where a map, a list or text is expected: a short form, and an example of it
    "datasets.*.split": "{test: 0.2}",
    "datasets.*.from": "SOURCE | {join: [A, B], on: KEY}",
    "datasets.*.duplicates": "row | {by: FIELD}",
    "datasets.*.retention": "{keep: 30d, by: FIELD}",
    "datasets.*.fields.*.missing": "mean | {method: constant, value: 0}",
    "datasets.*.fields.*.private": "mask | {method: mask, show: 2}",
    "datasets.*.fields.*.outliers": "iqr | {method: iqr, k: 3}",
    "models.*.require": '{accuracy: ">= 0.7"}',
    "models.*.require.*": '">= 0.7"',
    "models.*.fine_tune": "frozen | {method: lora, rank: 8}",
    "models.*.search": "{trials: 20, over: {SETTING: [1, 2]}}",
    "models.*.track": "[mlflow]",
    "models.*.fairness": "{groups: [FIELD]}",
    "services.*.log": "30d | {keep: 30d}",
    "services.*.rollout": "canary | {method: canary, steps: [5, 25, 50]}",
    "services.*.batch": "16 | {max: 16}",
    "services.*.runtime": "{workers: 2}",
    "monitors.*.drift": "auto | {method: auto, window: 100}",
    "monitors.*.anomaly": "adwin | {method: adwin, on: [error_rate]}",
    "monitors.*.on_drift": "[alert, retrain]",
    "monitors.*.on_anomaly": "[alert]",
}


def meaning_of_value(path: Sequence[object], word: str) -> Text:
    """What to write for a word of another tool as a value; empty where nothing is known.

    >>> str(meaning_of_value(["datasets", "d", "fields", "age", "type"], "float64"))
    "'number'"
    >>> meaning_of_value(["datasets", "d", "fields", "age", "type"], "number")
    ''
    """
    pattern = pattern_of(path)
    for end in (".type", ".method"):
        pattern = pattern.removesuffix(end)
    return find_meaning(VALUES.get(pattern, {}), word)


def describe_forms(path: Sequence[object], kind: Text) -> Text:
    """What a setting may be, with its forms as a file writes them.

    Args:
        kind: its type, in words.

    >>> str(describe_forms(["datasets", "d", "split"], "a map"))
    'a map, such as {test: 0.2}'
    """
    pattern = pattern_of(path)
    if pattern.startswith("models.*.require."):
        pattern = "models.*.require.*"
    short, _, form = SHORT_FORMS.get(pattern, "").rpartition(" | ")
    if not form or not kind:
        return kind
    if short:
        return Message("config.short_or", short=short, type=kind, form=form)
    return Message("config.such_as", type=kind, form=form)
