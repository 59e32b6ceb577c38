"""VPC peering connections: request, accept, tag both sides, delete.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html (life cycle)
"""

from bot.kinds.base import everywhere, no_questions, no_remarks
from bot.kinds.vpc_peering.desire import desire
from bot.kinds.vpc_peering.diff import diff
from bot.kinds.vpc_peering.observe import further_scopes, observe
from bot.kinds.vpc_peering.spec import NAME, PeeringSpec, PeeringWish
from bot.kinds.vpc_peering.steps import describe, occupied, steps

questions = no_questions
scopes = everywhere
remarks = no_remarks

__all__ = [
    "NAME",
    "PeeringSpec",
    "PeeringWish",
    "describe",
    "desire",
    "diff",
    "further_scopes",
    "observe",
    "occupied",
    "questions",
    "remarks",
    "scopes",
    "steps",
]
