"""Parts of `make bench-chinese`: a module for each, listed in `chinese.py`."""
