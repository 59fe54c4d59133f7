"""The schemas of bodies that are alike at every service, as the OpenAPI document has them. Knows
forms.
"""

from __future__ import annotations

PROBLEM = {"$ref": "#/components/schemas/Problem"}
CHAT = {
    "type": "object",
    "required": ["model", "messages"],
    "properties": {
        "model": {"type": "string"},
        "stream": {"type": "boolean"},
        "stream_options": {"type": "object", "properties": {"include_usage": {"type": "boolean"}}},
        "messages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["role", "content"],
                "properties": {
                    "role": {"type": "string"},
                    "content": {
                        "oneOf": [
                            {"type": "string", "minLength": 1, "maxLength": 2000},
                            {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "object",
                                    "required": ["type", "text"],
                                    "properties": {
                                        "type": {"const": "text"},
                                        "text": {"type": "string"},
                                    },
                                },
                            },
                        ]
                    },
                },
            },
        },
    },
}
WARNINGS = {
    "type": "array",
    "description": (
        "Values that training did not know, and a row without any (its `field` is empty); the"
        " answer stands all the same."
    ),
    "items": {
        "type": "object",
        "required": ["field", "warning", "detail"],
        "properties": {
            "field": {"type": "string"},
            "warning": {"enum": ["unseen category", "out of range", "empty row"]},
            "detail": {"type": "string"},
        },
    },
}
PREDICTED = {
    "id": {"type": "string"},
    "version": {"type": "string"},
    "label": {"type": "string"},
    "warnings": WARNINGS,
    "predictions": {
        "type": "array",
        "description": (
            "Of `rows`, in their order. A row that cannot be answered has `why` and its `index`,"
            " and its `field` where it is malformed; the others are answered. Where all are"
            " malformed the answer is 422 with `errors`."
        ),
        "items": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "why": {"type": "string"},
                "index": {"type": "integer"},
                "field": {"type": "string"},
                "warnings": WARNINGS,
            },
        },
    },
}
FEEDBACK = {
    "type": "object",
    "required": ["id", "label"],
    "properties": {"id": {"type": "string"}, "label": {"type": "string"}},
}
TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string"},
        "data": {"type": "array"},
    },
}
INFER = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "inputs": {"type": "array", "minItems": 1, "items": TENSOR},
        "outputs": {"type": "array", "items": {"type": "object"}},
    },
}
