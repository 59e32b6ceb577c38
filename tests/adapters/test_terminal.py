"""What a terminal shows while work goes on: bounded, harmless, and gone in the end."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from bot.adapters import terminal
from bot.adapters.terminal import SCOPES, ProgressBars
from bot.model.address import AccountId, Region, Scope
from bot.model.progress import KindProgress, Progressed, ScopeProgress
from bot.ports import Quiet
from bot.render.progress import lines


def state(scopes: int = 3, done: int = 412, region: str = "us-east-1") -> Progressed:
    """1,104 routes, of which some are done."""
    kinds = (KindProgress("vpc_peering_connection", 276, 276), KindProgress("route", done, 1104))
    each = (
        ScopeProgress(
            Scope(AccountId(f"{n:012d}"), Region(region)), (KindProgress("route", n, 500),)
        )
        for n in range(scopes)
    )
    return Progressed(tuple(each), kinds, 133.0)


class Terminal:
    """A terminal that records what is drawn on it."""

    def __init__(self, width: int = 80, height: int = 25, **environ: str) -> None:
        self.out = io.StringIO()
        self.console = Console(
            file=self.out,
            force_terminal=True,
            width=width,
            height=height,
            _environ={"TERM": "xterm-256color", **environ},
        )
        self.bars = ProgressBars(lines, self.console)

    @property
    def drawn(self) -> list[str]:
        """The lines of the display as it is now."""
        with self.console.capture() as capture:
            self.console.print(self.bars._drawn(), end="")
        return re.sub(r"\x1b\[[0-9;]*m", "", capture.get()).split("\n")


def test_an_apply_shows_a_bar_all_kinds_with_the_estimate_and_each_scope() -> None:
    shown = Terminal()
    with shown.bars as bars:
        bars.progressed(state())
        bars.update("applying", 688, 1380)

        bar, *rest = shown.drawn

    assert re.fullmatch(r"applying ━+.* 688/1,380", bar)
    assert rest == [
        "peerings 276/276, routes 412/1,104, about 2 min left",
        "  000000000000/us-east-1: routes 0/500",
        "  000000000001/us-east-1: routes 1/500",
        "  000000000002/us-east-1: routes 2/500",
        "",
    ]


def test_reading_shows_how_many_scopes_were_read() -> None:
    shown = Terminal()
    with shown.bars as bars:
        bars.update("reading scopes", 120, 1400)

        assert re.fullmatch(r"reading scopes ━+.* 120/1,400", shown.drawn[0])


@pytest.mark.parametrize(("height", "most"), [(50, SCOPES), (8, 4), (4, 0), (1, 0)])
def test_many_scopes_are_shown_in_few_lines(height: int, most: int) -> None:
    shown = Terminal(height=height)
    with shown.bars as bars:
        bars.progressed(state(400))
        told = [line for line in shown.drawn if line]

    assert len(told) == 1 + (most + 1 if most else 0)
    if most:
        assert told[-1] == f"  and {400 - most:,} more"


@pytest.mark.parametrize("width", [1, 5, 20, 30, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    shown = Terminal(width)
    with shown.bars as bars:
        bars.progressed(state(400))
        bars.update("applying", 688, 1380)
        told = shown.drawn

    assert max(map(cell_len, told)) <= width
    if width >= 20:
        assert "routes 412/1,104" in " ".join(line.strip() for line in told)
        first = next(n for n, line in enumerate(told) if line.startswith("  0000"))
        assert len(told[first:]) == SCOPES + 2, "one line each, how many more, and the end"


def test_nothing_is_left_when_the_work_is_done() -> None:
    shown = Terminal()
    with shown.bars as bars:
        bars.progressed(state())
        bars.update("applying", 1380, 1380)
        bars.progressed(state(done=1104))

        assert bars._live is None
    *_, last = shown.out.getvalue().split("\x1b[?25h")
    assert re.fullmatch(r"(\r|\x1b\[1A|\x1b\[2K)+", last), "lines are cleared, nothing is drawn"


def test_nothing_is_left_after_a_failure() -> None:
    shown = Terminal()

    def interrupted() -> None:
        with shown.bars as bars:
            bars.progressed(state())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert shown.bars._live is None
    assert "\x1b[?25h" in shown.out.getvalue(), "the cursor is back"


def test_text_is_no_markup_and_reaches_no_terminal_raw() -> None:
    shown = Terminal(width=200)
    with shown.bars as bars:
        bars.progressed(state(1, region="[red]a[/] \x1b[2J\x1b]0;t\x07:smile:\u202e\n"))
        told = shown.drawn

    assert "  000000000000/[red]a[/] :smile:⟨U+202E⟩: routes 0/500" in told
    assert "\x1b[2J" not in shown.out.getvalue()


@pytest.mark.parametrize(("width", "height"), [(80, 25), (20, 3)])
def test_no_color_is_honoured(width: int, height: int) -> None:
    shown = Terminal(width, height, NO_COLOR="1")
    with shown.bars as bars:
        bars.update("applying", 688, 1380)
        bars.progressed(state(400))
        assert bars._live is not None
        bars._live.refresh()

    assert "688/1,380" in shown.out.getvalue()
    assert not re.findall(r"\x1b\[[0-9;]*m", shown.out.getvalue())


def test_a_dumb_terminal_gets_no_drawing() -> None:
    shown = Terminal(TERM="dumb")
    with shown.bars as bars:
        bars.progressed(state())
        bars.update("applying", 688, 1380)

    assert "\x1b" not in shown.out.getvalue()
    assert "routes" not in shown.out.getvalue()


class Gone(io.StringIO):
    """A terminal that is closed after its first drawing."""

    lost = False

    def write(self, text: str) -> int:
        if self.lost:
            raise OSError(5, "Input/output error")
        return super().write(text)


def test_a_terminal_that_is_gone_is_no_failure_in_the_end() -> None:
    out = Gone()
    console = Console(file=out, force_terminal=True, _environ={"TERM": "xterm-256color"})
    bars = ProgressBars(lines, console)
    with bars:
        bars.update("reading scopes", 0, 2)
        live = bars._live
        assert live is not None
        assert live._refresh_thread is not None
        live._refresh_thread.stop()  # its end would be told as a warning of this test
        live._refresh_thread.join()
        live._refresh_thread = None
        out.lost = True

    assert bars._live is None


def test_a_pipe_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())

    assert isinstance(terminal.progress(lines), Quiet)
