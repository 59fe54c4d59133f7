"""What a draft takes for proven and what it leaves to a person: values, identifiers, private
columns and goals, on small columns.
"""

from __future__ import annotations

from typing import Any

import pytest

from mesocosm.data.cleaning.repairs.spelling import Spelling
from mesocosm.data.profiling.columns.categories import find_variants, profile_words
from mesocosm.data.profiling.columns.column import Column
from mesocosm.data.profiling.columns.dates import profile_dates
from mesocosm.data.profiling.columns.identifiers import explain_identifier
from mesocosm.data.profiling.columns.numbers import profile_numbers
from mesocosm.data.profiling.columns.personal import find_private
from mesocosm.data.profiling.goal.named_columns import find_named_column


def column(values: list[str], name: str = "x") -> Column:
    counts = {v: values.count(v) for v in dict.fromkeys(values)}
    return Column(name, len(values), 0, counts, len(counts))


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["03/19/2023", "02/09/2023", "04/04/2023"], ["%m/%d/%Y"]),
        (["19/03/2023", "02/09/2023"], ["%d/%m/%Y"]),
        (["19.03.2023", "2023-02-09"], ["iso", "%d.%m.%Y"]),
        (["02/09/2023", "03/04/2023"], None),  # every one reads both ways
        (["19/03/2023", "03/19/2023"], None),  # two orders
        (
            ["2023-02-30", "2023-02-01", "2023-02-02", "2023-02-03", "2023-02-04"],
            None,
        ),  # no day of the calendar
        (["10/15/13", "10/1/13"], None),  # a century that is not known
        (["2024年3月5日", "2024年12月15日"], ["%Y年%m月%d日"]),
    ],
)
def test_one_order_of_day_and_month_reads_a_column_or_none_is_taken(
    values: list[str], formats: list[str] | None
) -> None:
    found = profile_dates(column(values))
    assert found and (
        found.settings.get("formats") == formats if formats else found.open and not found.settings
    )


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (["1", "2.5", "-3"], {"type": "number"}),
        (["1.234,5", "7"], {"type": "number", "decimal": ","}),
        (["1,234", "5,678"], None),
        (["1.234", "5.678"], None),
        (["1.5", "1,5"], None),
        (
            ["5609 DM", "5100 DM", *(str(5000 + i) for i in range(12)), "4.212 kDM"],
            {"type": "number", "unit": "DM", "decimal": "."},
        ),
        (["36 months", "24", "36", "2 years"], {"type": "integer", "unit": "month"}),
        (["CNY 123.53", "CNY 9.10"], {"type": "number", "unit": "CNY"}),
        (["CNY 123.53", "USD 9.10"], None),
        (
            ["1.05kg", "322 g", "5.29 千克"],
            {"type": "number", "unit": "kg", "spellings": {"千克": 1.0}},
        ),
        (["5 kg", "900", "880"], None),
        (["1", "2", "3", "4", "5", "six"], None),
        (
            ["12", "30", "7", "44", "51", "62", "unknown"],
            {"type": "integer", "absent": ["unknown"]},
        ),
    ],
)
def test_a_number_is_taken_only_where_every_value_reads_in_one_way(
    values: list[str], settings: dict[str, Any] | None
) -> None:
    found = profile_numbers(column(values))
    assert found and (
        found.settings == settings if settings else found.open and not found.settings
    ), found


def test_what_other_columns_prove_of_the_decimal_mark_settles_an_open_one() -> None:
    open_ = column(["1.234", "5.678"])
    point, comma = profile_numbers(open_, frozenset(".")), profile_numbers(open_, frozenset(","))
    assert (
        point
        and point.settings == {"type": "number", "decimal": "."}
        and comma
        and comma.settings == {"type": "integer", "decimal": ","}
    )


@pytest.mark.parametrize(
    ("name", "values", "names"),
    [
        ("member", ["000001", "000002"], True),
        ("n", ["100000000000007919", "100000000000015838"], True),
        ("townid", ["1", "2"], True),
        ("zip", ["10115", "20095"], True),
        ("iban", ["DE89370400440532013000"], True),
        (
            "x",
            ["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606"],
            True,
        ),
        ("订单编号", ["1", "2"], True),
        ("number_of_rooms", ["1", "2"], False),
        ("paid", ["1", "2"], False),
        ("humid", ["10", "20"], False),
        ("code", ["1.5", "2.5"], False),
        ("age", ["20", "7"], False),
        ("N° client", ["734511", "734512"], True),
        ("Kundennummer", ["1001", "1002"], True),
        ("custno", ["1", "2"], True),
        ("会員番号", ["1", "2"], True),
        ("código", ["10", "20"], True),
        ("número de hijos", ["1", "2"], False),
        ("winner", ["1", "2"], False),
        ("cancer_yes_smoking_no", ["61", "80"], False),
        ("fw", ["1.10", "1.9"], True),
        ("app_version", ["2.0", "2.10"], True),
        ("conversion", ["1.10", "1.9"], False),
    ],
)
def test_identifiers_are_known_by_zeros_length_check_digits_and_name(
    name: str, values: list[str], names: bool
) -> None:
    assert bool(explain_identifier(column(values, name))) is names


@pytest.mark.parametrize(
    ("name", "values", "how"),
    [
        ("phone", [f"08500079{i:02d}" for i in range(30)], "mask"),
        ("姓名", ["王小明", "李雷", "韩梅梅"], "pseudonymise"),
        ("身份证号", [f"11010519491231{i:03d}X" for i in range(30)], "pseudonymise"),
        ("dob", ["1990-01-02", "1985-03-04", "1970-05-06"], "pseudonymise"),
        ("salary", ["52000", "61000", "70500"], "pseudonymise"),
        ("birth_weight", ["2500", "3100", "2900"], None),
        ("ip_in_url", ["1", "0", "-1"], None),
        ("phone", ["yes", "no", "maybe"], None),
        ("email", [f"p{i}@example.org" for i in range(9)], "pseudonymise"),
        ("name", ["Alpha", "Beta", "Gamma"], None),
        ("Name", ["Anna Weber", "Jonas Koch", "Xaver Huber"], "pseudonymise"),
        ("name", ["Braund, Mr. Owen Harris", "Heikkinen, Miss. Laina"], "pseudonymise"),
        ("name", ["Red Delicious", "Gala", "Granny Smith"], None),
        ("product", ["Anna", "Maria", "Paul"], None),
        ("客户", ["王小明", "李雷", "韩梅梅"], "pseudonymise"),
        ("收货人", ["王小明", "李雷", "韩梅梅"], "pseudonymise"),
        ("法人代表", ["王小明", "李雷", "韩梅梅"], "pseudonymise"),
        ("法人类型", ["企业", "事业单位", "机关"], None),
        ("微信号", ["wx_zhang88", "li_lei2001"], "mask"),
        ("QQ", ["123456789", "987654321"], "mask"),
        ("收款账户", ["6222021234567890", "6222021234567891"], "mask"),
        ("账户余额", ["12345678", "87654321"], None),
        ("Konto", ["CH93 0076 2011 6238 5295 7"] * 30, "mask"),
        ("contact", ["a@example.org"] * 2, "pseudonymise"),
        ("nom", ["Chaise", "Table", "Lampe"], None),
        ("氏名", ["佐藤", "鈴木", "高橋"], "pseudonymise"),
        ("Fecha_Nacimiento", ["1990-01-02", "1985-03-04"], "pseudonymise"),
        ("cpf", ["529.982.247-25", "111.444.777-35"], "pseudonymise"),
        ("téléphone", ["0612345678", "0698765432"], "mask"),
        ("birth_rate", ["12.5", "30.25"], None),
        ("tenant_count", ["10", "20"], None),
    ],
)
def test_private_columns_are_found_by_name_and_content_whatever_their_type(
    name: str, values: list[str], how: str | None
) -> None:
    found = find_private(
        column(values, name),
        "date" if name == "dob" else "integer" if values[0].isdigit() else "text",
    )
    assert (found.how if found else None) == how, found


def test_spellings_that_differ_in_case_are_one_category_and_codes_are_not() -> None:
    settings, _, _ = profile_words(column(["good"] * 9 + ["GOOD"] * 2 + ["bad"] * 5))
    assert settings == {"type": "category", "values": ["good", "bad"], "aliases": {"GOOD": "good"}}
    assert find_variants({"m": 3, "M": 2, "good": 4, "Good": 1})[0] == {}
    assert profile_words(column(["yes", "no"] * 5))[0] == {"type": "category"} and profile_words(
        column(["true", "false"] * 5)
    )[0] == {"type": "boolean"}


def test_a_short_code_a_date_or_an_hour_is_no_misspelling() -> None:
    for rare, often in (
        ("ak", "al"),
        ("ak_hf-1", "al_hf-1"),
        ("11/15/13", "11/1/13"),
        ("en", "eng"),
        ("7:10 p.m.", "7:10 a.m."),
        ("10/13/13", "10/1/13"),
    ):
        assert Spelling(of=("c",)).table({often: 400, rare: 1}) == {}, rare
    assert Spelling(of=("c",)).table({"alabama": 400, "alabxma": 1}) == {"alabxma": "alabama"}


@pytest.mark.parametrize(
    ("goal", "names", "target"),
    [
        ("predict mv", ["crim", "mv", "townid"], "mv"),
        ("target: mv", ["crim", "mv"], "mv"),
        ("predict Y1 from the others", ["X1", "Y1", "Y2"], "Y1"),
        ("estimate the final grade G3", ["G1", "G2", "G3"], "G3"),
        ("predict x2", ["x1", "x2"], "x2"),
        ("预测订单是否退货", ["订单编号", "是否退货"], "是否退货"),
        ("预测客户会不会退货", ["金额", "是否退货"], "是否退货"),
        ("根据收入预测违约", ["收入", "违约"], "违约"),
        ("predict the price from area and rooms", ["area", "rooms", "price"], "price"),
        ("predict medHouseVal", ["medinc", "MedHouseVal"], "MedHouseVal"),
        ("predict the grade of a loan", ["loan", "grade"], "grade"),
        ("predict the churn", ["a", "the"], ""),
        ("predict a price", ["a", "price"], "price"),
    ],
)
def test_a_goal_that_names_a_column_means_it(goal: str, names: list[str], target: str) -> None:
    assert find_named_column(goal, names) == target
