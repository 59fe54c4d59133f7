"""The file: its grammar, the place of each key in it, and what is invalid in it."""

from mesocosm.config.loader import Spec, read, read_text, schema
from mesocosm.config.schema import SECTIONS

__all__ = ["SECTIONS", "Spec", "read", "read_text", "schema"]
