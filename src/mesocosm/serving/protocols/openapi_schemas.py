"""Schemas of bodies that are the same at every service, for the OpenAPI document. Knows forms."""

from __future__ import annotations

from mesocosm.core.records import JsonObject

PROBLEM: JsonObject = {"$ref": "#/components/schemas/Problem"}
CHAT: JsonObject = {
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
WARNINGS: JsonObject = {
    "type": "array",
    "description": (
        "Values outside the training data, and a row without values (its `field` is empty); the"
        " prediction is returned all the same."
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
PREDICTED: JsonObject = {
    "id": {"type": "string"},
    "version": {"type": "string"},
    "label": {"type": "string"},
    "warnings": WARNINGS,
    "predictions": {
        "type": "array",
        "description": (
            "Of `rows`, in their order. A row that cannot be predicted has `why` and its `index`,"
            " and its `field` where it is malformed; the others are predicted. Where all are"
            " malformed the response is 422 with `errors`."
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
FEEDBACK: JsonObject = {
    "type": "object",
    "required": ["id", "label"],
    "properties": {"id": {"type": "string"}, "label": {"type": "string"}},
}
TENSOR: JsonObject = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string"},
        "data": {"type": "array"},
    },
}
INFER: JsonObject = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "inputs": {"type": "array", "minItems": 1, "items": TENSOR},
        "outputs": {"type": "array", "items": {"type": "object"}},
    },
}
