"""The dirty table: ten million customers with duplicates, gaps, outliers, five spellings of a unit
and four of a date.

    python dirty.py ROWS OUT.parquet

Seeded by the row's number, so the same rows come out on any machine.
"""

from __future__ import annotations

import sys

import duckdb


def write(rows: int, out: str) -> None:
    """Write `rows` rows, about 2 % of them exact duplicates of an earlier one."""
    with duckdb.connect() as con:
        con.execute(
            "set enable_progress_bar=false; set memory_limit='4GB'; set"
            " preserve_insertion_order=false"
        )
        con.execute(QUERY.replace("ROWS", str(rows)).replace("OUT", out))


QUERY = """
copy (
with i as (select case when hash(i+77)%1000 < 19 and i>1000 then i - 1 - (hash(i+78)%900)::bigint else i end as k from range(ROWS) t(i)),
r as (select k, hash(k*31+1) h1, hash(k*31+2) h2, hash(k*31+3) h3, hash(k*31+4) h4, hash(k*31+5) h5, hash(k*31+6) h6, hash(k*31+7) h7, hash(k*31+8) h8 from i)
select k as customer_id,
 case when h1%1000<20 then null when h1%1000<24 then 'no mail' else 'User'||(h2%8000000)||'@'||['example.com','mail.example.org','post.example.net'][1+(h3%3)::int] end as email,
 ['+49 ','0','+44 '][1+(h4%3)::int]||(100+(h4//7)%900)||' '||(1000000+(h5%9000000)) as phone,
 ['Germany','DE','germany ','France','FR','Spain','ES','Italy','IT'][1+(h6%9)::int] as country,
 case when h7%100<3 then null when h7%1000<32 then 900000.0+h8%1000 else round(exp(10+((h8%10000)/10000.0-0.5)*2),2) end as income,
 case when h3%100<4 then null else 18+(h3//101)%70 end::bigint as age,
 case h5%5 when 0 then (45+(h1%600)/10.0)||' kg' when 1 then (45000+(h1%60000))||' g' when 2 then (99+(h1%130))||' lb' when 3 then (45+(h1%60))||'' else (45+(h1%600)/10.0)||'kg' end as weight,
 case h2%4 when 0 then strftime(date '2015-01-01'+(h4%3650)::int,'%Y-%m-%d') when 1 then strftime(date '2015-01-01'+(h4%3650)::int,'%d/%m/%Y') when 2 then strftime(date '2015-01-01'+(h4%3650)::int,'%d.%m.%Y') else strftime(date '2015-01-01'+(h4%3650)::int,'%Y%m%d') end as signed,
 ['active','Active','ACT','closed','Closed','pending'][1+(h8%6)::int] as status,
 case when h6%100<2 then null else round((h6%100000)/1000.0,3) end as score,
 (h7%500)::bigint as visits,
 'note '||(h1%100000) as note
from r) to 'OUT' (format parquet, compression snappy)
"""

if __name__ == "__main__":
    write(int(sys.argv[1]), sys.argv[2])
