"""Which gaps of a plan leave open what is true of one environment."""

from __future__ import annotations

from bot.model.change import Gap, Plan
from bot.model.mesh import Mesh


def gaps_of(plan: Plan, mesh: Mesh, environment: str) -> tuple[Gap, ...]:
    """The gaps in scopes of the environment's members and tombstones.

    A scope that no file names was read because something leads there: it may concern
    anybody, as may any gap an environment that the files do not name.
    """
    known = mesh.environments.get(environment)
    if known is None:
        return plan.gaps
    own = {member.vpc.scope for member in known.members}
    return tuple(gap for gap in plan.gaps if gap.scope in own or gap.scope not in mesh.scopes)
