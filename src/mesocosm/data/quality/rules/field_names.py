"""Fields that a rule is about: a name, or a list of names."""

from typing import Annotated, Any

from pydantic import BeforeValidator


def _many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Of = Annotated[tuple[str, ...], BeforeValidator(_many)]
