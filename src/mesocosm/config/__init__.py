"""The file: its grammar, where each thing stands in it, and what is not right about it."""

from mesocosm.config.loader import Spec, read, read_text, schema

__all__ = ["Spec", "read", "read_text", "schema"]
