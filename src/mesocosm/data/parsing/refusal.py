"""Why a text is no day or moment."""


class NoMoment(ValueError):
    """A text is no day or moment; says why."""
