"""The datasets, models and services of an ecosystem by name. Knows names only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn, TypeVar

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message

View = TypeVar("View")


class UnknownNameError(ConfigValueError, KeyError):
    """Nothing of a kind has a name; `near` is the name that is spelt most like it."""

    def __str__(self) -> str:
        """The sentence; a KeyError alone would quote it."""
        return Exception.__str__(self)


class NamedViews(dict[str, View]):
    """A dict whose unknown names are refused with the nearest one.

    Args:
        views: what each name stands for.
        id: the message that says that a name is unknown.
        param: the parameter of the message that the name is.

    >>> NamedViews({"mail": 1}, "api.no_dataset", "dataset")["mial"]
    Traceback (most recent call last):
    ...
    mesocosm.api.named_views.UnknownNameError: no dataset is named 'mial'; expected one of the \
choices. Choices: mail. Did you mean 'mail'?
    """

    def __init__(self, views: Mapping[str, View], id: str, param: str) -> None:
        super().__init__(views)
        self._id, self._param = id, param

    def __missing__(self, name: str) -> NoReturn:
        """Refuse a name that is not there.

        Raises:
            UnknownNameError: with the nearest name.
        """
        found = Message(self._id, **{self._param: str(name)[:60]})
        raise UnknownNameError("", found, Message("api.one_of_choices"), list(self), str(name))
