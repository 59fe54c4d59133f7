"""Kinds of privacy: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.core.settings import one_of
from mesocosm.data.privacy.encrypt import Encrypt
from mesocosm.data.privacy.hidden import Hidden
from mesocosm.data.privacy.mask import Mask
from mesocosm.data.privacy.private_kind import PrivateKind
from mesocosm.data.privacy.pseudonymise import Pseudonymise
from mesocosm.data.privacy.redact import Redact

PRIVACY: dict[str, type[PrivateKind]] = {
    "encrypt": Encrypt,
    "hidden": Hidden,
    "mask": Mask,
    "pseudonymise": Pseudonymise,
    "redact": Redact,
}

if TYPE_CHECKING:
    PrivateSetting = PrivateKind
else:
    PrivateSetting = one_of(PRIVACY, "method")
