"""A plan's record in a check run's text: read back exactly, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.model.record import Record
from bot.render.record import MAX_TEXT, read_record, record_text
from tests.render.hostile import HOSTILE

HEX = "0123456789abcdef" * 4
RECORD = Record(
    number=7, head="a" * 40, base="b" * 40, branch="main", meshes=HEX, digest=HEX,
    fingerprint=HEX, headline="Plan: 1 to add, 0 to change, 0 to destroy", run_id="77",
    fingerprints={"production": HEX}, refused=("production",), faulty=True, complete=False,
)  # fmt: skip


def test_a_record_is_read_back() -> None:
    assert read_record(record_text(RECORD)) == RECORD
    assert read_record(record_text(RECORD).replace("\n", "\r\n")) == RECORD


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_neither_end_the_fence_nor_write_html(text: str) -> None:
    name = text[:256]
    record = replace(RECORD, refused=(name,), fingerprints={name: HEX}, headline=name, branch=name)

    written = record_text(record)

    assert read_record(written) == record
    assert written.count("```") == 2
    assert written.count("<") == 4, "the tags of details and summary"


def test_a_record_that_is_too_long_does_without_its_fingerprints_or_is_none() -> None:
    many = {f"environment-{number}": HEX for number in range(1_000)}
    names = tuple("x" * 200 + str(number) for number in range(1_000))

    kept = read_record(record_text(replace(RECORD, fingerprints=many)))

    assert kept == replace(RECORD, fingerprints={})
    assert record_text(replace(RECORD, refused=names)) == ""
    assert len(record_text(replace(RECORD, fingerprints=many))) <= MAX_TEXT


BAD = [
    {"version": 2}, {"number": "7"}, {"number": True}, {"number": 0}, {"head": "a" * 39},
    {"head": "a" * 40 + "\n"}, {"base": None}, {"digest": HEX.upper()}, {"fingerprint": ""},
    {"run_id": "7/../8"}, {"run_id": 77}, {"refused": "production"}, {"refused": [1]},
    {"fingerprints": []}, {"fingerprints": {"a": "x"}}, {"complete": "true"}, {"more": 1},
    {"artifact": None},
]  # fmt: skip


@pytest.mark.parametrize("change", BAD)
def test_a_record_that_is_not_as_we_write_it_is_none(change: dict[str, object]) -> None:
    lines = record_text(RECORD).split("\n")
    place = next(n for n, text in enumerate(lines) if text.startswith("{"))
    lines[place] = json.dumps(json.loads(lines[place]) | change)

    assert read_record("\n".join(lines)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no record",
        record_text(RECORD) * 2,
        record_text(RECORD).replace("{", "["),
        record_text(RECORD).replace('"branch": "main", ', ""),
        "```json meshbot:record",
        "```json meshbot:record\n" + "[" * 100_000,
    ],
)
def test_other_texts_hold_no_record(text: str) -> None:
    assert read_record(text) is None
