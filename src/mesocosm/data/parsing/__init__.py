"""One text as a value: read exactly or refused with its reason."""
