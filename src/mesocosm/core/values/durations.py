"""Durations, ages and rates as people write them: `30s`, `10m`, `1h`, `2y`, `1/month`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from mesocosm.core.messages import Message

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DAYS = {"d": 1.0, "w": 7.0, "mo": 30.436875, "y": 365.2425}
PERIODS = {"hour": 3600.0, "day": 86400.0, "week": 604800.0, "month": 2629800.0, "year": 31557600.0}


def seconds(text: str) -> float:
    """Seconds in a duration.

    Raises:
        ValueError: the text is not a duration.

    >>> seconds("10m"), seconds("250ms")
    (600.0, 0.25)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*", text)
    if not match:
        raise ValueError(Message("core.a_duration"))
    return float(match[1]) * SECONDS[match[2]]


def days(text: str) -> float:
    """Days in an age; a month and a year are the Gregorian mean.

    Raises:
        ValueError: the text is not an age.

    >>> days("6w"), round(days("2y"), 1)
    (42.0, 730.5)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(d|w|mo|y)\s*", text)
    if not match or float(match[1]) <= 0:
        raise ValueError(Message("core.an_age"))
    return float(match[1]) * DAYS[match[2]]


def per_second(text: str) -> float:
    """Events a second in a rate.

    Raises:
        ValueError: the text is not a rate.

    >>> round(1 / per_second("1/day"))
    86400
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*(hour|day|week|month|year)\s*", text)
    if not match or float(match[1]) <= 0:
        raise ValueError(Message("core.a_rate"))
    return float(match[1]) / PERIODS[match[2]]


def _duration(text: str) -> str:
    seconds(text)
    return text


def _age(text: str) -> str:
    days(text)
    return text


def _rate(text: str) -> str:
    per_second(text)
    return text


Duration = Annotated[str, AfterValidator(_duration)]
Rate = Annotated[str, AfterValidator(_rate)]
Age = Annotated[str, AfterValidator(_age)]
