"""Values that ${NAME} takes from the environment are shown nowhere: the name stands in their
place.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.catalog.database import schema as t
from mesocosm.core.confidential import secret_values
from mesocosm.core.confidential.secret_values import masked, remember
from mesocosm.core.errors import ConfigError, ConfigValueError, Finding, MesocosmError, Place
from mesocosm.reports.role_view import remove_values

SECRET = "Pa55/w+rd ünd=käse"


@pytest.fixture(autouse=True)
def forgetful() -> object:
    """No secret of one test masks the words of another."""
    yield
    secret_values._known.clear()
    secret_values._form = None


@settings(max_examples=30, deadline=None)
@given(
    st.text(min_size=8, max_size=40).filter(
        lambda s: s.strip() == s and any(c.isalnum() for c in s)
    )
)
def test_no_spelling_of_a_value_is_left_in_an_error(value: str) -> None:
    secret_values._known.clear()
    remember("S", value)
    data = value.encode()
    for said in (
        value,
        value.upper() if value.isascii() else value,
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
    ):
        for error in (
            MesocosmError(f"at '{said}' it failed"),
            ConfigValueError("url", f"the host '{said}' fails", "another"),
            ConfigError([Finding(Place("f", 1), "k", f"'{said}' names", "x")]),
        ):
            assert str(error).find("${S}") >= 0 and said not in str(error)
        assert said not in json.dumps(
            Finding(Place("f", 1), "k", f"'{said}'", "x", (said,)).as_json(), ensure_ascii=False
        )


def test_short_values_and_words_within_words_are_left() -> None:
    remember("PORT", "1")
    remember("DIR", "data")
    assert masked("1 file is at data/a.csv in datasets") == "1 file is at ${DIR}/a.csv in datasets"
    remember("URL", "postgresql://ann:hunter22@db.intern.example/sales?key=abc-def-123")
    assert (
        masked("no host DB.intern.example for ann-2 with hunter22 and abc-def-123")
        == "no host ${URL} for ${URL}-2 with ${URL} and ${URL}"
    )


@pytest.mark.parametrize(
    "source",
    [
        '{type: http, url: "http://${MY_SECRET}.invalid/"}',
        '{type: csv, path: "data/${MY_SECRET}.csv"}',
        '{type: http, url: "${WHOLE_URL}"}',
        (
            '{type: postgres, url: "postgresql://u:${MY_SECRET}@127.0.0.1:1/x", table: t,'
            " private_network: true}"
        ),
        '{type: sqlite, path: "${MY_SECRET}.db", table: t}',
        '{type: json, path: "../${MY_SECRET}"}',
        '{type: "${MY_SECRET}"}',
        '{type: csv, path: a.csv, "delimiter": "${MY_SECRET}"}',
    ],
)
def test_a_source_that_fails_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    secret = "s3cr3t-Value"
    monkeypatch.setenv("MY_SECRET", secret)
    monkeypatch.setenv("WHOLE_URL", "http://api.intern.invalid/v1?token=T0ken-of-all")
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "ecosystem.yaml").write_text(
        "ecosystem: e\nsources:\n  s: "
        + source
        + "\ndatasets:\n  d: {from: s, fields: {a: number}}\n"
    )
    try:
        eco = open_ecosystem(tmp_path)
        changes = eco.plan()
        outcome = eco.build(say=lambda *said: texts.append(" ".join(said)))
        texts = (
            [f.text() for f in outcome.failed]
            + [json.dumps(f.as_json()) for f in outcome.failed]
            + [json.dumps(c.as_json()) for c in changes]
        )
        texts += [str(row) for row in eco.catalog.rows(select(t.AUDIT))] + [
            str(eco.catalog.alerts())
        ]
        assert outcome.failed
    except MesocosmError as failure:
        texts = [str(failure)]
    found = "\n".join(texts).lower()
    assert secret.lower() not in found and "api.intern" not in found and "t0ken" not in found
    assert "${my_secret}" in found or "${whole_url}" in found or "postgresql server" in found


def test_alerts_and_the_audit_hold_the_name(tmp_path: Path) -> None:
    from mesocosm.catalog import Catalog

    remember("HOOK", SECRET)
    catalog = Catalog(tmp_path)
    catalog.alert("m", "s", "build", f"cannot reach {SECRET}", {"verdict": [quote(SECRET)]})
    with catalog.transaction() as con:
        catalog.write_audit(con, "me", "build", "x", f"because {SECRET}")
    assert SECRET not in str(catalog.alerts()) + str(catalog.audit()) and quote(SECRET) not in str(
        catalog.alerts()
    )
    assert catalog.verify_audit() is None and remove_values({"examples": 1}) == {}


def test_words_of_an_address_that_sentences_use_are_left() -> None:
    remember("PLAIN_DB", "postgresql://postgres:pw4You@db.example/data?sslmode=require&sig=abcdef")
    told = (
        "postgresql at datasets.data requires an extra; refused for pw4You at db.example, sig"
        " abcdef"
    )
    assert (
        masked(told)
        == "postgresql at datasets.data requires an extra; refused for ${PLAIN_DB} at ${PLAIN_DB},"
        " sig ${PLAIN_DB}"
    )
