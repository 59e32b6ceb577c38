"""What holds for every test: no other machine is reached, nothing of this machine is used.

The environment is cleaned when pytest loads this file, before any test module is imported, and
children inherit it. A test that needs a variable sets it with ``monkeypatch``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

GUARD = Path(__file__).parent / "guard"
SITECUSTOMIZE = GUARD / "sitecustomize.py"
sys.path.insert(0, str(GUARD))
# A distribution may have a sitecustomize of its own. In a worker of pytest-xdist ours is loaded.
if getattr(sys.modules.get("sitecustomize"), "__file__", None) != str(SITECUSTOMIZE):
    sys.modules.pop("sitecustomize", None)
import sitecustomize as network  # noqa: E402

FOREIGN = ("AWS_", "GITHUB_", "GH_", "ACTIONS_", "RUNNER_", "INPUT_", "BOTO_", "GIT_", "MESHBOT_")
FOREIGN_NAMES = frozenset(
    {"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "COLUMNS", "LINES"}
    | {"CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"}
)


def _clean_environment() -> None:
    for name in list(os.environ):
        if name.upper().startswith(FOREIGN) or name.upper() in FOREIGN_NAMES:
            del os.environ[name]
    os.environ.update(
        # boto3 would find credentials in the home folder and ask the metadata service for more.
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        # git would use the person's name, hooks and signing.
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_NOSYSTEM="1",
        GIT_AUTHOR_NAME="A Tester",
        GIT_AUTHOR_EMAIL="tester@example.com",
        GIT_COMMITTER_NAME="A Tester",
        GIT_COMMITTER_EMAIL="tester@example.com",
        PYTHONPATH=os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")])),
    )


_clean_environment()

# The machines are slow and shared, so no example has a deadline; a failure prints how to repeat it.
settings.register_profile("meshbot", deadline=None, print_blob=True)
settings.load_profile("meshbot")


@pytest.fixture(autouse=True)
def loopback_only() -> Iterator[list[str]]:
    """Fails a test that tried to reach another machine, even if the error was swallowed.

    A test of the guard itself empties the list.
    """
    network.violations.clear()
    yield network.violations
    refused = tuple(network.violations)
    network.violations.clear()
    assert not refused, f"another machine was to be reached: {', '.join(refused)}"


@cache
def _service_models() -> Any:
    import botocore.session

    return botocore.session.get_session().get_component("data_loader")


@pytest.fixture
def service_models_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every session takes botocore's models from one loader: EC2's take a while to read."""
    import botocore.session

    get_session, loader = botocore.session.get_session, _service_models()

    def session() -> botocore.session.Session:
        made = get_session()
        made.register_component("data_loader", loader)
        return made

    monkeypatch.setattr("botocore.session.get_session", session)
