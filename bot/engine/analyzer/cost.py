"""What analyses cost. AWS charges for each that is run, whatever it finds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.model.address import partition
from bot.model.analyzer import Question

PRICE = Decimal("0.10")
"""US dollars for one analysis, as published for VPC, "Network Analysis"; it may change."""

PRICED_AT = "https://aws.amazon.com/vpc/pricing/"


def cost(questions: Sequence[Question]) -> Decimal | None:
    """In US dollars; None where the price is another one that is not known here (China)."""
    if any(partition(question.asker.region) == "aws-cn" for question in questions):
        return None
    return PRICE * len(questions)
