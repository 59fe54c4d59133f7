"""What Python's JSON reader finds wrong with a text, as a message."""

from __future__ import annotations

from json import JSONDecodeError

from mesocosm.core.messages import Message, Text

FAULTS = {  # by what the reader says
    "Expecting value": "core.json_fault.value",
    "Expecting property name enclosed in double quotes": "core.json_fault.name",
    "Expecting ':' delimiter": "core.json_fault.colon",
    "Expecting ',' delimiter": "core.json_fault.comma",
    "Extra data": "core.json_fault.more",
    "Unterminated string starting at": "core.json_fault.string",
    "Invalid control character at": "core.json_fault.control",
    "Invalid \\escape": "core.json_fault.escape",
    "Invalid \\uXXXX escape": "core.json_fault.code",
    "Illegal trailing comma before end of object": "core.json_fault.object_comma",
    "Illegal trailing comma before end of array": "core.json_fault.array_comma",
}


def explain_json_fault(error: ValueError) -> Text:
    """What is wrong, and where; in the reader's own words where they are not known here.

    >>> str(explain_json_fault(JSONDecodeError("Expecting value", "x", 0)))
    'Expecting value: line 1 column 1 (char 0)'
    """
    if not isinstance(error, JSONDecodeError):
        return str(error)
    fault = FAULTS.get(error.msg.rstrip(": "))
    if fault is None:
        return str(error)
    return Message(
        "core.json_fault_at",
        fault=Message(fault),
        line=error.lineno,
        column=error.colno,
        at=error.pos,
    )
