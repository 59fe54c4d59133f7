"""The number of this release, which the wheel and the changelog share. Knows nothing."""

VERSION = "0.8.0"
