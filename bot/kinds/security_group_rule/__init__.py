"""Rules of security groups that let a member's peer in or out.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
"""

from bot.kinds.base import no_further_scopes, no_questions, no_remarks
from bot.kinds.security_group_rule.desire import desire
from bot.kinds.security_group_rule.diff import diff
from bot.kinds.security_group_rule.observe import observe, scopes
from bot.kinds.security_group_rule.spec import NAME, ObservedRule, RuleSpec, RuleWish
from bot.kinds.security_group_rule.steps import steps
from bot.kinds.security_group_rule.words import describe, named

further_scopes = no_further_scopes
questions = no_questions
remarks = no_remarks

__all__ = [
    "NAME",
    "ObservedRule",
    "RuleSpec",
    "RuleWish",
    "describe",
    "desire",
    "diff",
    "further_scopes",
    "named",
    "observe",
    "questions",
    "remarks",
    "scopes",
    "steps",
]
