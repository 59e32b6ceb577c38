"""The threat model names the tests that hold it, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
TESTS = Path(__file__).parent


def named() -> list[str]:
    """Every test file or folder that the page names."""
    words = set(re.findall(r"`([^`]+)`", PAGE))
    files = {word for word in words if re.search(r"(^|/)test_\w+\.py$", word)}
    return sorted(files | {"iam", "config", "adapters/github", "adapters/lease"})


@pytest.mark.parametrize("name", named())
def test_what_holds_a_claim_is_there(name: str) -> None:
    place = TESTS / name

    assert f"`{name}`" in PAGE
    assert place.is_file() or list(place.glob("test_*.py"))


def test_every_row_about_somebody_names_what_holds_it() -> None:
    table = PAGE.partition("## Who may try what")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| **")]

    assert len(rows) == 11
    for row in rows:
        assert len(row) == 4, row[0]
        assert re.fullmatch(r"`[\w/.]+`(, `[\w/.]+`)*", row[3]), row[0]
