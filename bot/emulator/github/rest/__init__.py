"""The REST operations, one module for each subject; ROUTES is all of them."""

from __future__ import annotations

from bot.emulator.github.rest import (
    accounts,
    actions,
    checks,
    comments,
    commits,
    contents,
    deployments,
    git,
    issues,
    pulls,
    reviews,
)

ROUTES = (
    *accounts.ROUTES,
    *actions.ROUTES,
    *checks.ROUTES,
    *comments.ROUTES,
    *commits.ROUTES,
    *contents.ROUTES,
    *deployments.ROUTES,
    *git.ROUTES,
    *issues.ROUTES,
    *pulls.ROUTES,
    *reviews.ROUTES,
    *commits.LAST,
)
