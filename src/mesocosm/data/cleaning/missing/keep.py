"""Leave a missing value as it is."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.cleaning.missing.imputer import Imputer


class Keep(Imputer):
    """A missing value stays missing.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2002), ch. 3.

    >>> Keep().facts(None, {}, False)
    {}
    """

    method: Literal["keep"] = "keep"
