"""Makes the support desk's messages, in our own words: `python make_data.py`. Twelve things that
customers of a parcel shop write about.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

INTENTS = {
    "where_is_it": [
        ("where is", "any news of", "I am still waiting for", "can you track"),
        ("my parcel", "the package I ordered", "my order from last week", "the shoes I bought"),
    ],
    "late": [
        (
            "it was promised for Monday and",
            "the delivery day has passed and",
            "two weeks have gone by and",
            "you said tomorrow, that was days ago, and",
        ),
        (
            "nothing has come",
            "there is no delivery",
            "my door bell never rang",
            "I have received nothing",
        ),
    ],
    "damaged": [
        ("the box arrived", "my order came", "the parcel was delivered", "what I unpacked is"),
        (
            "crushed and torn",
            "with a broken glass inside",
            "scratched all over",
            "wet and in pieces",
        ),
    ],
    "wrong_item": [
        ("you sent me", "I found in the box", "the parcel contains", "I received"),
        (
            "a blue one, I ordered red",
            "another size than I chose",
            "somebody else's book",
            "the wrong model",
        ),
    ],
    "return": [
        (
            "how do I send back",
            "I would like to return",
            "what must I do to give back",
            "I want to post back to you",
        ),
        (
            "these trousers",
            "a lamp I do not like",
            "the shirt that does not fit",
            "an unopened article",
        ),
    ],
    "refund": [
        ("when do I get", "I have not seen", "how long until you pay out", "please transfer"),
        (
            "my money back",
            "the refund for my return",
            "the amount you owe me",
            "what I paid for the cancelled order",
        ),
    ],
    "cancel": [
        ("please cancel", "I changed my mind, stop", "can I still call off", "do not send"),
        (
            "my order of this morning",
            "the order before it ships",
            "what I ordered an hour ago",
            "the second order, it was a mistake",
        ),
    ],
    "address": [
        (
            "I moved, please change",
            "there is a typing error in",
            "can you correct",
            "send it elsewhere, I must update",
        ),
        (
            "the delivery address",
            "my street number",
            "the postcode on my order",
            "where the parcel should go",
        ),
    ],
    "payment": [
        (
            "my card was declined",
            "the payment page hangs",
            "I was charged twice",
            "the bank transfer did not go through",
        ),
        ("at the checkout", "when I tried to pay", "for a single order", "while buying a gift"),
    ],
    "voucher": [
        (
            "my discount code",
            "the gift voucher",
            "the ten percent coupon",
            "the promotion from your mail",
        ),
        (
            "is not accepted",
            "says it has expired",
            "takes nothing off the price",
            "does not work in the basket",
        ),
    ],
    "account": [
        (
            "I cannot log in",
            "I forgot my password",
            "my account is locked",
            "the reset mail never comes",
        ),
        ("since yesterday", "on the phone", "and need my invoices", "although my name is right"),
    ],
    "stock": [
        ("when will you have", "do you still sell", "is there more of", "will you get in again"),
        (
            "the green jacket in medium",
            "this kettle",
            "the sold-out headphones",
            "size 44 of these boots",
        ),
    ],
}
ANSWERS = [
    (
        "Where is my parcel?",
        (
            "Open My orders and choose Track: the carrier's last scan is shown there, usually"
            " within an hour of it."
        ),
    ),
    (
        "My parcel is late, what now?",
        (
            "If the promised day has passed, choose Report a delay in My orders; we ask the carrier"
            " at once and write to you within one working day."
        ),
    ),
    (
        "My parcel arrived damaged.",
        (
            "Take a photo of the box and the article and add it under Report damage within 14 days;"
            " we send a new one or pay back, as you choose."
        ),
    ),
    (
        "I got the wrong item.",
        (
            "Choose Wrong article in My orders. A label for the way back comes by mail, and the"
            " right one leaves us the same day."
        ),
    ),
    (
        "How do I return something?",
        (
            "Within 30 days: choose Return in My orders, print the label or show its code at the"
            " parcel shop. Returning costs nothing."
        ),
    ),
    (
        "When do I get my money back?",
        "Within five working days of the parcel's return to us, the way you paid.",
    ),
    (
        "Can I cancel my order?",
        (
            "Until it is packed, by Cancel in My orders. After that, refuse it at the door or send"
            " it back."
        ),
    ),
    (
        "How do I change the delivery address?",
        (
            "Until it is packed, under Change address in My orders. After that the carrier can"
            " still redirect it, by the link in its mail."
        ),
    ),
    (
        "My payment failed or I was charged twice.",
        (
            "A declined payment is not taken. A second charge is a reservation that your bank lets"
            " go within seven days."
        ),
    ),
    (
        "My voucher does not work.",
        (
            "A voucher counts from the amount printed on it, once, and not with other offers. Send"
            " us its number where it should work and does not."
        ),
    ),
    (
        "I cannot log in.",
        (
            "Choose Forgot password. If no mail comes in ten minutes, look in the spam folder, then"
            " write to us from your own address."
        ),
    ),
    (
        "When is an article in stock again?",
        "Choose Tell me on the article's page; you get a mail in the hour it comes in.",
    ),
    (
        "What are your opening hours?",
        "This desk answers day and night; people answer on working days from 8 to 18.",
    ),
]


def rows() -> list[list[str]]:
    """Every way to begin with every way to end; the beginning keeps them in one part of the
    split.
    """
    return [
        [f"{a} {b}", intent, a]
        for intent, (begin, end) in INTENTS.items()
        for a, b in itertools.product(begin, end)
    ]


if __name__ == "__main__":
    data = Path(__file__).parent / "data"
    for name, head, table in (
        ("messages", ["message", "intent", "wording"], rows()),
        ("answers", ["question", "answer"], [list(a) for a in ANSWERS]),
    ):
        with (data / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([head, *table])
