"""Every renderer's whole output, compared with what was looked at and approved."""

from __future__ import annotations

import pytest

from tests.render.golden_files import FILES, FOLDER


@pytest.mark.parametrize("name", FILES)
def test_output_is_the_approved_one(name: str) -> None:
    assert FILES[name]() == (FOLDER / name).read_text(encoding="utf-8")


def test_no_golden_file_is_forgotten() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)
