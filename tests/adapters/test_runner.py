"""What reaches the runner: nothing but what was meant."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.runner import SUMMARY_LIMIT, RunnerFiles
from bot.errors import BotError
from bot.model.diagnostic import SourceLine
from bot.model.github import Annotation, AnnotationLevel


class Runner:
    """The runner's files in a folder, and its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outputs, self.summaries = folder / "outputs", folder / "summary"
        self.out = io.StringIO()
        names = {"GITHUB_OUTPUT": self.outputs, "GITHUB_STEP_SUMMARY": self.summaries}
        environ = {name: str(path) for name, path in names.items()}
        self.files = RunnerFiles(environ | {"GITHUB_WORKSPACE": str(folder / "repo")}, self.out)
        (folder / "repo").mkdir()

    @property
    def log(self) -> str:
        return self.out.getvalue()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_an_output_is_between_delimiters_that_nobody_can_guess(runner: Runner) -> None:
    runner.files.output("fingerprint", "abc")
    runner.files.output("fingerprint", "abc")

    pattern = r"fingerprint<<(meshbot_[0-9a-f]{32})\nabc\n\1\n"
    found = [match[1] for match in re.finditer(pattern, runner.outputs.read_text())]
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    "value", ["a\nfailure-reason=\nb", "EOF\nx<<EOF", "a\r\nb", "", "😀\udc80"]
)
def test_no_value_can_set_another_output(runner: Runner, value: str) -> None:
    runner.files.output("comment-url", value)

    with runner.outputs.open(newline="") as file:
        first, *rest = file.read().split("\n")
    delimiter = first.removeprefix("comment-url<<")
    assert rest[-2:] == [delimiter, ""]
    assert "\n".join(rest[:-2]) == value.replace("\udc80", "?")


def test_an_output_that_the_action_does_not_have_is_a_bug(runner: Runner) -> None:
    with pytest.raises(AssertionError):
        runner.files.output("path", "x")


@pytest.mark.parametrize(
    ("annotation", "line"),
    [
        (Annotation(AnnotationLevel.NOTICE, "hello"), "::notice::hello"),
        (Annotation(AnnotationLevel.WARNING, "100%\r\nx"), "::warning::100%25%0D%0Ax"),
        (
            Annotation(AnnotationLevel.FAILURE, "m", "a: b, c", SourceLine("x,y:%\n.yaml", 3, 2)),
            "::error title=a%3A b%2C c,file=x%2Cy%3A%25%0A.yaml,line=3,col=2::m",
        ),
        (
            Annotation(AnnotationLevel.NOTICE, "a\n::set-output name=x::y"),
            "::notice::a%0A::set-output name=x::y",
        ),
    ],
)
def test_an_annotation_is_one_command(runner: Runner, annotation: Annotation, line: str) -> None:
    runner.files.annotate(annotation)

    assert runner.log == f"{line}\n"


def test_each_line_of_a_secret_is_masked(runner: Runner) -> None:
    runner.files.mask("one%\n\n  \ntwo")

    assert runner.log == "::add-mask::one%25\n::add-mask::two\n"


@pytest.mark.parametrize(
    "hostile", ["::error::x", "a\r::add-mask::b", "a\r\n::endgroup::", "##[x]y"]
)
def test_hostile_text_gives_no_command(runner: Runner, hostile: str) -> None:
    runner.files.log(hostile, "A title\n::error::x")

    lines = re.split(r"\r\n|\r|\n", runner.log.rstrip("\n"))
    assert lines[0] == "::group::A title%0A::error::x"
    token = lines[1].removeprefix("::stop-commands::")
    assert re.fullmatch(r"[0-9a-f]{32}", token)
    assert lines[-2:] == [f"::{token}::", "::endgroup::"]
    assert "\r" not in runner.log
    assert token not in "\n".join(lines[2:-2])


def test_the_log_of_two_texts_has_two_tokens(runner: Runner) -> None:
    runner.files.log("a")
    runner.files.log("b")

    assert len(set(re.findall(r"stop-commands::(\w+)", runner.log))) == 2


def test_a_group_shows_each_line_at_once(runner: Runner) -> None:
    with runner.files.group("Applying\n::error::x") as line:
        line("routes 1/2")
        seen = runner.log
        line("routes 2/2")

    assert seen == "::group::Applying%0A::error::x\nroutes 1/2\n"
    assert runner.log == f"{seen}routes 2/2\n::endgroup::\n"


def test_a_group_ends_whatever_happens_in_it(runner: Runner) -> None:
    with pytest.raises(BotError), runner.files.group("Applying"):
        raise BotError("no")

    assert runner.log.endswith("::endgroup::\n")


@pytest.mark.parametrize(
    "hostile",
    [
        "::error::x",
        "  \t::error::x",
        "a ##[error]x",
        "a\n::error::x",
        "a\r::add-mask::b",
        "\x85::x::",
    ],
)
def test_a_line_of_a_group_is_no_command(runner: Runner, hostile: str) -> None:
    with runner.files.group("Applying") as line:
        line(hostile)

    _, *lines, end = re.split(r"\r\n|\r|\n", runner.log.rstrip("\n"))
    off, on = ([lines[0]], [lines[-1]]) if len(lines) == 3 else ([], [])
    assert end == "::endgroup::"
    assert len(lines) in (1, 3)
    if off:
        token = off[0].removeprefix("::stop-commands::")
        assert on == [f"::{token}::"]
    else:
        assert not lines[0].lstrip().startswith("::")
        assert "##[" not in lines[0]


def test_a_mask_is_carried_out_while_a_group_is_open(runner: Runner) -> None:
    """Sessions are renewed while a plan is applied: commands must not be off all that time."""
    with runner.files.group("Applying") as line:
        line("routes 1/2")
        runner.files.mask("secret")

    assert "stop-commands" not in runner.log
    assert "::add-mask::secret\n" in runner.log


def test_the_summary_takes_the_first_text_that_fits(runner: Runner) -> None:
    runner.files.summary("é" * (SUMMARY_LIMIT // 2), "short")
    assert runner.summaries.read_text() == "short\n"

    runner.files.summary("x" * (SUMMARY_LIMIT - 100), "also short")
    assert runner.summaries.stat().st_size < SUMMARY_LIMIT

    before = runner.summaries.read_text()
    runner.files.summary("y" * 1000)
    assert runner.summaries.read_text() == before


def test_a_file_for_later_steps_is_in_the_workspace(runner: Runner) -> None:
    assert runner.files.keep("plan.json", "one") == "meshbot-out/plan.json"
    assert runner.files.keep("plan.json", "two\n") == "meshbot-out/plan.json"

    assert (runner.folder / "repo/meshbot-out/plan.json").read_bytes() == b"two\n"


def test_a_planted_link_is_not_written_through(runner: Runner) -> None:
    secret = runner.folder / "secret"
    secret.write_text("untouched")
    (runner.folder / "repo/meshbot-out").mkdir()
    (runner.folder / "repo/meshbot-out/plan.json").symlink_to(secret)

    runner.files.keep("plan.json", "new")

    assert secret.read_text() == "untouched"
    assert (runner.folder / "repo/meshbot-out/plan.json").read_text() == "new"


def test_a_planted_folder_is_refused(runner: Runner) -> None:
    (runner.folder / "elsewhere").mkdir()
    (runner.folder / "repo/meshbot-out").symlink_to(runner.folder / "elsewhere")

    with pytest.raises(BotError, match="symbolic link"):
        runner.files.keep("plan.json", "new")
    assert not list((runner.folder / "elsewhere").iterdir())


def test_a_file_in_the_folders_place_is_an_error(runner: Runner) -> None:
    (runner.folder / "repo/meshbot-out").write_text("in the way")

    with pytest.raises(BotError, match=r"meshbot-out/plan\.json cannot be written"):
        runner.files.keep("plan.json", "new")


def test_without_a_runner_outputs_and_summary_are_dropped(tmp_path: Path) -> None:
    files = RunnerFiles({"GITHUB_WORKSPACE": str(tmp_path)}, io.StringIO())

    files.output("fingerprint", "x")
    files.summary("text")

    assert list(tmp_path.iterdir()) == []


def test_a_mask_from_another_thread_never_lands_where_commands_are_off() -> None:
    """There the runner would show the secret instead of hiding it."""
    files = RunnerFiles({}, out := Interruptible())
    masking = threading.Thread(target=lambda: files.mask("secret"))
    out.at_first_line = masking.start

    files.log("text", title="Plan")
    masking.join()

    lines = out.getvalue().splitlines()
    assert lines.index("::add-mask::secret") > lines.index("::endgroup::")


class Interruptible(io.StringIO):
    """Lets another thread run after the first line that is written."""

    at_first_line: Callable[[], object] | None = None

    def write(self, text: str) -> int:
        written = super().write(text)
        if start := self.at_first_line:
            self.at_first_line = None
            start()
            time.sleep(0.05)
        return written
