"""Routes to a peering connection, in the route tables tagged ``peerd_eligible:true``.

https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
"""

from bot.kinds.base import everywhere, no_further_scopes, no_questions, no_remarks
from bot.kinds.route.desire import desire
from bot.kinds.route.diff import diff
from bot.kinds.route.observe import observe
from bot.kinds.route.spec import NAME, ObservedRoute, RouteSpec, RouteWish
from bot.kinds.route.steps import describe, steps

further_scopes = no_further_scopes
questions = no_questions
scopes = everywhere
remarks = no_remarks

__all__ = [
    "NAME",
    "ObservedRoute",
    "RouteSpec",
    "RouteWish",
    "describe",
    "desire",
    "diff",
    "further_scopes",
    "observe",
    "questions",
    "remarks",
    "scopes",
    "steps",
]
