"""What ``meshbot doctor`` asks and how it judges the answers."""

from bot.engine.doctor.facts import InitialFacts, RoleFacts, ScopeFacts
from bot.engine.doctor.initial import judged_initial
from bot.engine.doctor.look import look_at_initial, look_at_role, look_at_scope
from bot.engine.doctor.members import judged_roles, readers
from bot.engine.doctor.scopes import Wanted, judged_scope
from bot.engine.doctor.token import judged_token

__all__ = [
    "InitialFacts",
    "RoleFacts",
    "ScopeFacts",
    "Wanted",
    "judged_initial",
    "judged_roles",
    "judged_scope",
    "judged_token",
    "look_at_initial",
    "look_at_role",
    "look_at_scope",
    "readers",
]
