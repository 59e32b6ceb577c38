"""Figures on docs/performance.md and in README come from results of commands that exist."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from bench.bound import Shape, least_reads, least_seconds, least_writes
from bench.page import BLOCK, CITED, MAKERS, PAGES, filled, newest_results
from bench.results import Ledger, newest, ratio

ROOT = Path(__file__).resolve().parents[2]
PERFORMANCE = (ROOT / "docs/performance.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
MEASURED = (PERFORMANCE, README, (ROOT / "bench/README.md").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def blocks(page: str) -> dict[str, str]:
    """The text of each block, by name."""
    return {match[2]: match[3] for match in BLOCK.finditer(page)}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_figures_on_the_pages_are_those_of_the_newest_results(path: Path) -> None:
    page = path.read_text("utf-8")

    assert page == filled(page, newest_results()), "run python -m bench.page"


def test_every_block_is_on_a_page_once() -> None:
    found = [match[2] for page in (PERFORMANCE, README) for match in BLOCK.finditer(page)]

    assert sorted(found) == sorted(MAKERS)


def test_a_figure_that_is_not_from_the_results_is_found() -> None:
    seconds = re.compile(r"(takes )(\d+)( s )")
    changed = seconds.sub(lambda m: f"{m[1]}{int(m[2]) - 1}{m[3]}", README)

    assert changed != README
    assert filled(changed, newest_results()) == README


def test_every_row_names_its_command_or_its_source() -> None:
    for name, text in blocks(PERFORMANCE).items():
        head, _, *rows = text.strip().splitlines()
        if name == "actions":
            continue
        assert head.endswith("| Command |"), name
        for row in rows:
            assert re.search(r"\| (`python -m bench\.\w+[^`|]*`|cited|`bench/bound\.py`) \|$", row)


COMMANDS = sorted(
    {command for page in MEASURED for command in re.findall(r"`(python -m bench\.[^`\n]+)`", page)}
    | {
        "python -m " + command.replace("$(BENCH_ARGS)", "").replace("$(bench_shapes)", "24/3/2/2")
        for command in re.findall(r"(?m)^\t\$\(python\) -m (bench\..+)$", MAKEFILE)
    }
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists_and_can_be_given_so(command: str) -> None:
    _, _, module, *words = shlex.split(command)

    parser = importlib.import_module(module).arguments()

    assert isinstance(parser, argparse.ArgumentParser)
    parser.parse_args(words)


def test_there_are_commands_for_every_benchmark_and_make_runs_them_all() -> None:
    benches = {name.split()[0] for name in newest_results()}
    assert benches == {"clients", "core", "emulated", "simulated", "startup"}

    for bench in benches:
        assert f"$(python) -m bench.{bench}" in MAKEFILE
        assert any(f"bench.{bench}" in command for command in COMMANDS)


def test_what_readme_says_of_others_is_cited_on_the_page() -> None:
    for name, calls, seconds, *_ in CITED:
        row = re.search(rf"(?m)^\| {name} \| ([\d,]+) \| ([\d.]+) s \|.*\| cited \|$", PERFORMANCE)
        assert row
        assert row.groups() == (f"{calls:,}", f"{seconds}")
        assert f"{seconds:.0f} s ({calls:,} calls) for {name}" in " ".join(
            blocks(README)["claim"].split()
        )


def test_what_is_promised_is_so_in_the_results() -> None:
    """The figures that depend on no machine, against the promises of the product."""
    results = newest_results()
    for case, figures in results["simulated"].items():
        assert figures["throttled"] == 0, case
        assert figures["calls / least"] <= 1.03, case
        assert figures.get("seconds / bound", 1) <= 1.15, case
    for case, figures in results["emulated"].items():
        shape, _, command = case.partition(" ")
        assert figures["throttled"] == 0, case
        assert figures["least calls"] > 0, case
        if command == "no-op plan":
            assert figures["calls"] == figures["least calls"] == least_reads(Shape.of(shape), True)
    for case, figures in results["simulated --half"].items():
        assert figures["throttled"] / figures["calls"] < 0.03, case


# --- the bound, against the formula written down another way


@pytest.mark.parametrize("text", ["6/3/2/2", "7/3/2/1", "24/3/2/2", "40/3/2/2", "51/10/2/2"])
def test_the_bound_counts_what_no_call_can_do_for_two(text: str) -> None:
    shape = Shape.of(text)
    scopes = [(place.account, place.region) for place in shape.places]
    peerings = list(combinations(range(shape.vpcs), 2))
    routes = [scopes[vpc] for pair in peerings for vpc in pair for _ in range(shape.tables)]
    fullest = max(Counter(routes).values())

    assert shape.peerings == len(peerings)
    assert shape.routes == len(routes)
    assert least_seconds(shape) == max(0.0, (fullest - 50) / 5)
    assert least_seconds(shape, 0.5) == max(0.0, (fullest - 25) / 2.5)
    assert least_writes(shape) > 2 * len(peerings) + len(routes)
    assert least_reads(shape, built=False) == shape.accounts + 3 * len(set(scopes))


def test_the_bound_of_the_mesh_that_everybody_compares() -> None:
    shape = Shape.of("24/3/2/2")

    assert least_seconds(shape) == pytest.approx(26.8)
    assert least_writes(shape) == 2 * 276 + 1104 + 15 * 4 + 6 + 6
    assert least_reads(shape, built=True) == 21


def test_a_mesh_that_needs_further_pages_is_read_with_more_calls() -> None:
    assert least_reads(Shape(126, 1, 1, 3), built=True) == 1 + 1 + 8 + 4


# --- keeping results


def given(folder: Path, save: bool, against: str = "") -> argparse.Namespace:
    """The options of a benchmark."""
    return argparse.Namespace(save=save, against=folder / against if against else None)


def test_ratios_are_to_the_newest_release_that_is_not_the_one_being_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.results.FOLDER", tmp_path)
    monkeypatch.setattr("bench.results.__version__", "0.10.0")
    for version, calls in (("0.2.0", 80), ("0.9.1", 100), ("0.10.0", 1)):
        contents = {"version": version, "figures": {"core": {"a mesh": {"calls": calls}}}}
        (tmp_path / f"{version}.json").write_text(json.dumps(contents))
    ledger = Ledger("core", given(tmp_path, save=True))
    ledger.note("a mesh", {"calls": 125, "new": 1})
    ledger.note("another", {"calls": 7})
    ledger.close()

    printed = capsys.readouterr().out
    assert "core: ratios to 0.9.1" in printed
    assert re.search(r"(?m)^a mesh +1\.250 *$", printed)
    assert "another" not in printed
    kept = json.loads((tmp_path / "0.10.0.json").read_text())
    assert kept["figures"]["core"] == {"a mesh": {"calls": 125, "new": 1}, "another": {"calls": 7}}
    assert kept["machine"]["cores"] >= 1
    assert newest() == tmp_path / "0.10.0.json"


def test_against_names_another_file_and_nothing_is_written_without_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.results.FOLDER", tmp_path)
    contents = {"version": "0.0.1", "figures": {"core": {"a mesh": {"calls": 4}}}}
    (tmp_path / "0.0.1.json").write_text(json.dumps(contents))
    (tmp_path / "0.0.2.json").write_text(json.dumps({**contents, "version": "0.0.2"}))
    ledger = Ledger("core", given(tmp_path, save=False, against="0.0.1.json"))
    ledger.note("a mesh", {"calls": 6})
    ledger.close()

    assert "core: ratios to 0.0.1" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.0.1.json", "0.0.2.json"]


def test_ratios_of_what_was_nothing() -> None:
    assert [ratio(0, 0), ratio(3, 0), ratio(None, 3), ratio(3, None)] == ["1.000", "more", "", ""]
