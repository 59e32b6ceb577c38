"""The action's surroundings as a value: environment variables in, ActionContext out.

Sources: https://docs.github.com/en/actions/reference/workflows-and-actions/variables and
https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from bot.adapters.github.checkout import head_commit
from bot.adapters.github.events import read_event
from bot.model.github import ActionContext, Inputs

TOKEN_INPUT = "github-token"  # noqa: S105 - the input's name
DEBUG_INPUT = "debug"
INPUTS = (
    *(field.name.replace("_", "-") for field in fields(Inputs)),
    TOKEN_INPUT,
    DEBUG_INPUT,
)
"""Every input that is read, as action.yml spells it."""


def read_input(environ: Mapping[str, str], name: str, default: str = "") -> str:
    """An input's value without the white space around it; an empty one is the default."""
    value = environ.get(f"INPUT_{name.replace(' ', '_').upper()}", "").strip()
    return value or default


def read_inputs(environ: Mapping[str, str]) -> Inputs:
    """The inputs, as given; what they may hold is for the use case to say."""
    given = {
        field.name: read_input(environ, field.name.replace("_", "-"), str(field.default))
        for field in fields(Inputs)
    }
    return Inputs(**given)


def action_context(environ: Mapping[str, str]) -> ActionContext:
    """What started this run and where it is. Never fails: see OtherEvent."""
    workspace = Path(environ.get("GITHUB_WORKSPACE") or ".")
    return ActionContext(
        event=read_event(
            environ.get("GITHUB_EVENT_NAME", ""), environ.get("GITHUB_EVENT_PATH", "")
        ),
        inputs=read_inputs(environ),
        repository=environ.get("GITHUB_REPOSITORY", ""),
        sha=environ.get("GITHUB_SHA", ""),
        checkout_sha=head_commit(workspace),
        run_id=environ.get("GITHUB_RUN_ID", ""),
        run_attempt=environ.get("GITHUB_RUN_ATTEMPT", "") or "1",
        server_url=environ.get("GITHUB_SERVER_URL", "").rstrip("/"),
        workspace=workspace,
    )
