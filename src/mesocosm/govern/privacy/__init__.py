"""Kinds of privacy: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.base.kinds import Kind, union
from mesocosm.govern.privacy.encrypt import Encrypt
from mesocosm.govern.privacy.mask import Mask
from mesocosm.govern.privacy.pseudonymise import Pseudonymise
from mesocosm.govern.privacy.redact import Redact

PRIVACY: dict[str, type[Kind]] = {
    "encrypt": Encrypt,
    "mask": Mask,
    "pseudonymise": Pseudonymise,
    "redact": Redact,
}

if TYPE_CHECKING:
    from typing import Any

    PrivateSetting = Any
else:
    PrivateSetting = union(PRIVACY, "by")
