"""A Chinese address is cut into its parts, or refused where more than one place fits."""

from __future__ import annotations

import pytest
from conftest import rounds
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.data.parsing.chinese import divisions
from mesocosm.data.parsing.chinese.divisions import NoDivision, cut_address
from mesocosm.data.types.address import division_of, why_no_division

TREE = divisions._load_tree()

CUT = {
    "浙江杭州市西湖区文三路138号": ("浙江省", "杭州市", "西湖区", "文三路138号"),
    "浙江省西湖区文三路": ("浙江省", "杭州市", "西湖区", "文三路"),
    "北京市朝阳区建国路93号": ("北京市", "北京市", "朝阳区", "建国路93号"),
    "吉林省长春市朝阳区": ("吉林省", "长春市", "朝阳区", ""),
    "吉林市昌邑区": ("吉林省", "吉林市", "昌邑区", ""),
    "上海 浦东新区 张江路": ("上海市", "上海市", "浦东新区", "张江路"),
    "上海市市辖区浦东新区": ("上海市", "上海市", "浦东新区", ""),
    "东莞市南城街道": ("广东省", "东莞市", "", "南城街道"),
    "湖北省仙桃市沔州大道": ("湖北省", "仙桃市", "", "沔州大道"),
    "广西南宁青秀区民族大道": ("广西壮族自治区", "南宁市", "青秀区", "民族大道"),
    "义乌市稠州路": ("浙江省", "金华市", "义乌市", "稠州路"),
    "中国广东省深圳市南山区科技园": ("广东省", "深圳市", "南山区", "科技园"),
    "河北区中山路": ("天津市", "天津市", "河北区", "中山路"),
    "朝阳双塔区": ("辽宁省", "朝阳市", "双塔区", ""),
    "四川省成都市高新区天府大道": ("四川省", "成都市", "", "高新区天府大道"),
    "香港特别行政区九龙": ("香港特别行政区", "", "", "九龙"),
    "重庆市江北区观音桥": ("重庆市", "重庆市", "", "江北区观音桥"),
    "广州市东山区中山路": ("广东省", "广州市", "", "东山区中山路"),
    "重庆市/市辖区/沙坪坝区/大学城路": ("重庆市", "重庆市", "沙坪坝区", "大学城路"),
    "浙江省-杭州市-西湖区-文三路1-2 501/502": ("浙江省", "杭州市", "西湖区", "文三路1-2 501/502"),
    "四川省凉山州西昌市": ("四川省", "凉山彝族自治州", "西昌市", ""),
    "黔东南州凯里市": ("贵州省", "黔东南苗族侗族自治州", "凯里市", ""),
    "新疆伊犁州伊宁市": ("新疆维吾尔自治区", "伊犁哈萨克自治州", "伊宁市", ""),
    "河南省省直辖县级行政区划济源市": ("河南省", "济源市", "", ""),
    "大连庄河市": ("辽宁省", "大连市", "庄河市", ""),
    "兰州城关区": ("甘肃省", "兰州市", "城关区", ""),
    "上海张江路88号": ("上海市", "上海市", "", "张江路88号"),
    "芜湖湾沚区": ("安徽省", "芜湖市", "湾沚区", ""),
}
REFUSED = {
    "朝阳区建国路93号": "朝阳区 is in 北京市 or 长春市; write the city",
    "西湖区文三路": "write the city",
    "鼓楼区": "write the city",
    "河北省桥西区": "桥西区 is in 张家口市 or 石家庄市 or 邢台市; write the city",
    "浙江省南京市鼓楼区": "南京市 is not in 浙江省",
    "杭州市朝阳区": "朝阳区 is not in 杭州市",
    "江北区观音桥": "江北区 is in 宁波市 or 重庆市; write the city",
    "矿区平泉路": "矿区 is in 大同市 or 阳泉市; write the city",
    "河北省桥东区": "桥东区 is in 张家口市 or 石家庄市 or 邢台市; write the city",
    "上海花园3号楼": "it names no province, city or district",
    "四川饭店": "it names no province, city or district",
    "南京大学": "it names no province, city or district",
    "杭州湾新区滨海路": "it names no province, city or district",
    "北京路100号": "it names no province, city or district",
    "南京东路5号": "it names no province, city or district",
    "朝阳建国路": "it names no province, city or district",
    "abc": "it names no province, city or district",
}


@pytest.mark.parametrize("text", CUT)
def test_an_address_is_cut(text: str) -> None:
    parts = cut_address(text)
    assert (parts.province, parts.city, parts.district, parts.detail) == CUT[text]


@pytest.mark.parametrize("text", REFUSED)
def test_an_address_of_several_places_is_refused(text: str) -> None:
    with pytest.raises(NoDivision, match=REFUSED[text]):
        cut_address(text)


def test_a_part_that_is_not_named_is_no_part() -> None:
    assert division_of("成都市高新区天府大道", "city") == "成都市"
    assert why_no_division("重庆市江北区", "district") == "重庆市 has no 江北区 today"
    assert why_no_division("成都市高新区天府大道", "district") == "成都市 has no 高新区 today"
    assert why_no_division("东莞市南城街道", "district") == "it names no district"
    assert division_of("东莞市南城街道", "district") is None


@given(st.sampled_from(TREE.districts), st.integers(1, 999))
@settings(max_examples=rounds(200, 3000))
def test_every_district_is_found_behind_its_province_and_city(
    place: divisions.Place, number: int
) -> None:
    province, city = TREE.provinces[place.code[:2]], TREE.city_of(place)
    named = "" if city in (province, place) else city.name
    parts = cut_address(f"{province.name}{named}{place.name}人民路{number}号")
    assert parts.province == province.name and parts.detail == f"人民路{number}号"
    assert (parts.city, parts.district or place.name) == (city.name, place.name)
