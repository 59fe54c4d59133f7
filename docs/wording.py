"""The words of the generated pages in Chinese: headings, types, and what stands around the texts of
the code, which have catalogues of their own.
"""

from __future__ import annotations

ENGLISH, ZH = "en", "zh"
CHINESE = {  # of types
    "text": "文本",
    "map": "映射",
    "list": "列表",
    "number": "数值",
    "integer": "整数",
    "boolean": "布尔值",
    "choice": "选项",
    "any": "任意",
    "list of {}": "{}的列表",
    "map of {}": "{}的映射",
    " or ": " 或 ",
    "length ≥ {}": "长度 ≥ {}",
    "length ≤ {}": "长度 ≤ {}",
    "items ≥ {}": "项数 ≥ {}",
    "items ≤ {}": "项数 ≤ {}",
    "required": "必填",
    "its defaults": "其默认值",
    "| key | type | default | range | description | example |": (
        "| 键 | 类型 | 默认值 | 范围 | 说明 | 示例 |"
    ),
    "Errors: {}": "错误：{}",
    "Source:": "出处：",
    "Shared by {}": "{}共有",
    "all": "全部",
    "all but {}": "除 {} 外",
}
CHINESE |= {  # of the kinds' pages
    "Sources": "数据源",
    "Where rows come from: `sources.NAME.type`.": "行从哪里来：`sources.NAME.type`。",
    "Field types": "字段类型",
    "What a field is read as: `datasets.NAME.fields.FIELD.type`.": (
        "字段按什么读取：`datasets.NAME.fields.FIELD.type`。"
    ),
    "Imputation strategies": "插补策略",
    "How a missing value is imputed: `fields.FIELD.missing`.": (
        "缺失值如何插补：`fields.FIELD.missing`。"
    ),
    "Outlier detectors": "异常值检测器",
    "How outliers of a number are found: `fields.FIELD.outliers`.": (
        "数值的异常值如何找出：`fields.FIELD.outliers`。"
    ),
    "Rules": "规则",
    "Conditions on rows and tables: `datasets.NAME.rules` and `fields.FIELD.rules`.": (
        "对行和表的条件：`datasets.NAME.rules` 和 `fields.FIELD.rules`。"
    ),
    "Repairs": "修复",
    "What is repaired: `datasets.NAME.repairs`.": "修复什么：`datasets.NAME.repairs`。",
    "Engines": "引擎",
    "Where rows are processed: `datasets.NAME.engine`.": ("在哪里处理行：`datasets.NAME.engine`。"),
    "Privacy methods": "隐私方法",
    "How a private value is hidden: `fields.FIELD.private`.": (
        "隐私值如何隐藏：`fields.FIELD.private`。"
    ),
    "Fine-tuning methods": "微调方法",
    "How a pretrained base is adapted to a task: `models.NAME.fine_tune`, a name or"
    " `{method: NAME, ...}`. `frozen`, `last`, `lora` and `full` cover most tasks; the"
    " others are more methods.": (
        "如何让预训练的基座模型适应任务：`models.NAME.fine_tune`，一个名称或"
        " `{method: NAME, ...}`。`frozen`、`last`、`lora` 和 `full` 适用于大多数任务；"
        "其余是更多的方法。"
    ),
    "Losses": "损失",
    "Losses, which training minimizes: `fine_tune.loss`.": (
        "训练所最小化的损失：`fine_tune.loss`。"
    ),
    "Pretraining objectives": "预训练目标",
    "What a base is pretrained to predict: `pretrain.method`.": (
        "基座模型在预训练中预测什么：`pretrain.method`。"
    ),
    "Optimizers": "优化器",
    "How weights are updated from gradients: `fine_tune.optimizer`.": (
        "如何根据梯度更新权重：`fine_tune.optimizer`。"
    ),
    "Learning-rate schedules": "学习率调度",
    "How the learning rate changes over training: `fine_tune.schedule`.": (
        "学习率在训练中如何变化：`fine_tune.schedule`。"
    ),
    "Augmentation": "数据增强",
    "Random changes of training rows: `fine_tune.augment`, a list.": (
        "对训练行的随机改动：`fine_tune.augment`，一个列表。"
    ),
    "Runtimes": "运行时",
    "What runs a model: `services.NAME.runtime`.": "用什么运行模型：`services.NAME.runtime`。",
    "Exports": "导出",
    "Files for other systems: `mesocosm export NAME FOLDER`, settings by `--set name=value`.": (
        "供其他系统使用的文件：`mesocosm export NAME FOLDER`，用 `--set name=value` 设置。"
    ),
    "Adversarial training": "对抗训练",
    "Training on word embeddings perturbed against the loss: `fine_tune.adversarial`.": (
        "在针对损失扰动过的词嵌入上训练：`fine_tune.adversarial`。"
    ),
}
CHINESE |= {  # of the reference
    "The file": "文件",
    "Every section of `ecosystem.yaml` and its settings, as the code reads them."
    " Unknown keys are refused with their line. `mesocosm schema` prints the same as a JSON"
    " schema for editors.": (
        "`ecosystem.yaml` 的每个部分及其设置，与代码读取的一致。未知的键会连同行号一起被拒绝。"
        "`mesocosm schema` 把同样的内容输出为供编辑器使用的 JSON schema。"
    ),
    "the file": "整个文件",
    "Kinds": "种类",
    "Settings that choose one of several kinds have a page each:": (
        "从多个种类中选一个的设置各有一页："
    ),
    "Commands": "命令",
    "Commands find the file with `-f` (`ecosystem.yaml` or its folder). Commands"
    " that answer have `--json`. The exit code is 0 for success, 1 for a failure, 2 for wrong"
    " usage or an invalid file.": (
        "命令用 `-f` 找到文件（`ecosystem.yaml` 或其目录）。给出结果的命令有 `--json`。"
        "退出码：0 表示成功，1 表示失败，2 表示用法错误或文件无效。"
    ),
    "Daily": "日常",
    "Data": "数据",
    "Models": "模型",
    "Services": "服务",
    "Tests": "测试",
    "The world": "世界",
    "HTTP": "HTTP",
    "The addresses of a gateway. `/openapi.json` of a running gateway describes each"
    " service with its own fields. Every address but `/healthz` and `/readyz` requires a token:"
    " `Authorization: Bearer TOKEN`, or `?token=`. A failure is a problem document (RFC 9457)"
    " with `title`, `status` and `detail`; `/v1/chat` and `/v1/models` answer with OpenAI's"
    ' error object, `/v2` with `{"error": ...}`.': (
        "网关的地址。运行中的网关在 `/openapi.json` 中描述每个服务及其自身的字段。"
        "除 `/healthz` 和 `/readyz` 外，每个地址都需要令牌："
        "`Authorization: Bearer TOKEN`，或 `?token=`。"
        "失败返回问题详情（RFC 9457），含 `title`、`status` 和 `detail`；"
        "`/v1/chat` 和 `/v1/models` 用 OpenAI 的错误对象回答，"
        '`/v2` 用 `{"error": ...}`。'
    ),
    "Health and metrics": "健康与指标",
    "Services and models": "服务与模型",
    "Open Inference Protocol": "开放推理协议",
    "Data, lineage and state": "数据、血缘与状态",
    "Monitors and alerts": "监控与告警",
    "World": "世界",
    "Pages and sign-in": "页面与登录",
    "| method | address | what it does |": "| 方法 | 地址 | 作用 |",
}


def say(text: str, language: str) -> str:
    """A text of the pages in a language.

    Raises:
        KeyError: it has no Chinese yet; add it to `CHINESE`.
    """
    return text if language == ENGLISH else CHINESE[text]


def link_language(path: str, heading: str, language: str) -> str:
    """The line that leads to the same page in the other language: of the page at a path under
    docs/, or under docs/zh/.
    """
    up = "../" * path.count("/")
    if language == ENGLISH:
        return f"中文：[{say(heading, ZH)}]({up}zh/{path})"
    return f"English: [{heading}]({up}../{path})"
