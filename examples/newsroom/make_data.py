"""Makes the newsroom's headlines, in our own words: `python make_data.py`. Companies are invented;
a wording with several companies stays in one part of the split.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

OUTLETS = [
    "Harbour Wire",
    "Morning Ledger",
    "The Exchange",
    "Capital Desk",
    "North Post",
    "Daily Tally",
    "Market Bell",
    "Quay Times",
    "The Courier",
    "Ticker",
]
COMPANIES = {
    "banks": [
        "Aldermere Bank",
        "Northgate Savings",
        "Corvin Trust",
        "Bank of Tarn",
        "Lowell Mutual",
    ],
    "energy": ["Petrel Oil", "Sunfield Power", "Gannet Gas", "Tidewell", "Kestrel Grid"],
    "shops": ["Marlow Stores", "Bright Basket", "Fenwick & Co", "Larder", "Hobbs Clothing"],
    "chips": ["Silvane", "Octet Semiconductors", "Lumen Logic", "Quartzline", "Ferro Devices"],
    "medicine": ["Avela Pharma", "Corbis Labs", "Medrow", "Thistle Health", "Halden Biotech"],
}
NEWS = {
    "positive": {
        "": [
            "{c} lifts its dividend after a record year",
            "{c} beats forecasts and raises its outlook",
            "shares of {c} jump on strong results",
            "profit at {c} doubles",
            "analysts cheer {c} as debt falls to a ten-year low",
            "{c} upgraded after winning back investors",
            "{c} wins a landmark contract",
            "best quarter in a decade for {c}",
        ],
        "banks": [
            "bad loans at {c} shrink to almost nothing",
            "{c} passes the stress test with room to spare",
            "savers flock to {c}",
            "mortgage lending soars at {c}",
            "{c} returns cash to shareholders",
        ],
        "energy": [
            "{c} strikes a rich new field",
            "{c} opens a wind park ahead of plan",
            "output of {c} climbs to a record",
            "{c} signs a twenty-year supply deal",
            "cheaper drilling lifts margins of {c}",
        ],
        "shops": [
            "shoppers crowd the stores of {c}",
            "Christmas sales surge at {c}",
            "{c} gains market share from rivals",
            "online orders of {c} soar",
            "{c} to open fifty new stores on strong demand",
        ],
        "chips": [
            "orders pour in for the new processor of {c}",
            "{c} sells out its factory for two years",
            "{c} takes the lead in memory",
            "carmakers sign up with {c}",
            "yields at the plant of {c} beat plans",
        ],
        "medicine": [
            "cancer drug of {c} succeeds in a late trial",
            "regulator approves the vaccine of {c}",
            "{c} wins patent case",
            "sales of {c}'s insulin soar",
            "breakthrough therapy status for {c}",
        ],
    },
    "negative": {
        "": [
            "{c} cuts its dividend after a dismal year",
            "{c} warns on profit and drops its forecast",
            "shares of {c} plunge on weak results",
            "loss at {c} deepens",
            "{c} to cut thousands of jobs",
            "{c} downgraded as debts mount",
            "chief of {c} resigns amid inquiry",
            "worst quarter in a decade for {c}",
        ],
        "banks": [
            "bad loans pile up at {c}",
            "{c} fails the stress test",
            "savers queue to empty accounts at {c}",
            "{c} fined for laundering money",
            "outage locks customers of {c} out of accounts",
        ],
        "energy": [
            "spill shuts the platform of {c}",
            "{c} writes off its arctic field",
            "output of {c} slumps",
            "{c} sued over blackout",
            "blast halts the refinery of {c}",
        ],
        "shops": [
            "{c} to close a hundred stores",
            "Christmas sales collapse at {c}",
            "shoppers desert {c}",
            "{c} recalls tainted food",
            "suppliers stop deliveries to unpaid {c}",
        ],
        "chips": [
            "{c} delays its new processor again",
            "flaw found in chips of {c}",
            "orders for {c} dry up",
            "export ban hits {c}",
            "fire stops the factory of {c}",
        ],
        "medicine": [
            "drug of {c} fails in a late trial",
            "regulator rejects the vaccine of {c}",
            "{c} recalls heart pill after deaths",
            "{c} loses patent case",
            "trial of {c} halted over side effects",
        ],
    },
    "neutral": {
        "": [
            "{c} to publish results on Thursday",
            "{c} names a new finance director",
            "{c} holds its annual meeting",
            "{c} moves its head office",
            "{c} leaves its forecast unchanged",
            "{c} confirms the date of its report",
        ],
        "banks": [
            "{c} renames its current account",
            "{c} keeps its lending rate",
            "{c} to adopt a new payment format",
        ],
        "energy": [
            "{c} begins planned maintenance",
            "{c} files its yearly reserves report",
            "{c} keeps its output target",
        ],
        "shops": [
            "{c} changes its opening hours",
            "{c} redesigns its loyalty card",
            "{c} swaps its delivery firm",
        ],
        "chips": [
            "{c} to speak at the spring electronics fair",
            "{c} lists its product line",
            "{c} renews its lease at the plant",
        ],
        "medicine": [
            "{c} begins to enrol patients for a trial",
            "{c} presents its research plan",
            "{c} files routine safety report",
        ],
    },
}


def rows() -> list[list[str]]:
    """Every wording of a topic with three of its companies."""
    draw = random.Random(17)
    found = []
    for mood, wordings in NEWS.items():
        for topic, companies in COMPANIES.items():
            for wording in [*wordings[""], *wordings[topic]]:
                for company in draw.sample(companies, 3):
                    said = wording.format(c=company)
                    found.append(
                        [said[0].upper() + said[1:], topic, draw.choice(OUTLETS), mood, wording]
                    )
    draw.shuffle(found)
    return found


if __name__ == "__main__":
    with (Path(__file__).parent / "data" / "headlines.csv").open(
        "w", encoding="utf-8", newline=""
    ) as out:
        csv.writer(out, lineterminator="\n").writerows(
            [["headline", "topic", "outlet", "mood", "wording"], *rows()]
        )
