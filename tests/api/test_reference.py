"""The page of the Python API is generated from the docstrings."""

from __future__ import annotations

import sys

from conftest import ROOT

import mesocosm


def test_the_page_is_as_the_docstrings_say_it() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    from make_python import python_page

    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    assert page == python_page(), "run: python docs/make_python.py"
    for name in mesocosm.__all__:
        assert name in page, name
