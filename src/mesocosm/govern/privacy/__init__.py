"""Kinds of privacy: one file and one line each."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from mesocosm.base.kinds import Kind
from mesocosm.govern.privacy.mask import Mask
from mesocosm.govern.privacy.pseudonymise import Pseudonymise

PRIVACY: dict[str, type[Kind]] = {
    "mask": Mask,
    "pseudonymise": Pseudonymise,
}


def _by(value: Any) -> Any:
    return {"by": value} if isinstance(value, str) else value


PrivateSetting = Annotated[
    Annotated[Mask | Pseudonymise, Field(discriminator="by")], BeforeValidator(_by)
]
