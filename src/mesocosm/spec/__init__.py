"""The file: its grammar, where each thing stands in it, and what is not right about it."""

from mesocosm.spec.read import Spec, read, read_text, schema

__all__ = ["Spec", "read", "read_text", "schema"]
