"""Fields that a rule is about: a name, or a list of names."""

from typing import Annotated

from pydantic import BeforeValidator


def _many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Of = Annotated[tuple[str, ...], BeforeValidator(_many)]
