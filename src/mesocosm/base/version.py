"""The number of this release. Knows nothing."""

VERSION = "0.1.0"
