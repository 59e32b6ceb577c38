"""The golden files: ``python -m tests.render.golden_files`` writes them anew, to be reviewed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bot.engine.review import Verdict
from bot.model.change import Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.render import html, markdown, mermaid, planfile, terminal, verification
from bot.render.markdown import Refusal
from tests.render import builder, reaches
from tests.render.builder import CONTEXT

FOLDER = Path(__file__).parent / "golden"


def _invalid() -> str:
    errors = [
        Diagnostic(
            Severity.ERROR,
            "unquoted-account-id",
            "012345670123 is not text",
            "Quote the account id: '012345670123'.",
            builder.line(12),
        ),
        Diagnostic(Severity.ERROR, "duplicate-key", "`vpc_id` stands twice", "", builder.line(14)),
    ]
    return markdown.invalid_comment(errors, CONTEXT)


def _refused() -> str:
    plan = builder.small()
    verdict = Verdict("production", plan.changes[1:])
    refusal = Refusal(plan, (verdict,), [plan.changes[0].canonical], {7: "It has expired."})
    return markdown.refusal_comment(refusal, CONTEXT)


def _graph() -> str:
    drawn = mermaid.graph(builder.huge().mesh)
    assert drawn is not None
    return f"{drawn.source}\n"


FILES: Mapping[str, Callable[[], str]] = {
    "empty.md": lambda: markdown.comment(Plan(environments=("production",)), CONTEXT),
    "small.md": lambda: markdown.comment(builder.small(), CONTEXT),
    "resolving.md": lambda: markdown.comment(builder.resolving(), CONTEXT),
    "resolving.txt": lambda: terminal.text(builder.resolving(), width=100, colour=False),
    "resolving.html": lambda: html.report(builder.resolving(), CONTEXT),
    "resolving.json": lambda: planfile.plan_json(builder.resolving()),
    "ruled.md": lambda: markdown.comment(builder.ruled(), CONTEXT),
    "ruled.txt": lambda: terminal.text(builder.ruled(), width=100, colour=False),
    "destructive.md": lambda: markdown.comment(builder.destructive(), CONTEXT),
    "huge.md": lambda: markdown.comment(builder.huge(), CONTEXT),
    "failed.md": lambda: markdown.outcome_comment(builder.failed(), CONTEXT),
    "invalid.md": _invalid,
    "refused.md": _refused,
    "document.md": lambda: markdown.document(builder.destructive()),
    "small.txt": lambda: terminal.text(builder.small(), width=100, colour=False),
    "destructive.txt": lambda: terminal.text(builder.destructive(), width=100, colour=False),
    "destructive.ansi": lambda: terminal.text(builder.destructive(), width=160, colour=True),
    "failed.txt": lambda: terminal.report_text(builder.failed(), width=100, colour=False),
    "destructive.html": lambda: html.report(builder.destructive(), CONTEXT),
    "failed.html": lambda: html.report(builder.small(), CONTEXT, builder.failed().outcomes),
    "destructive.json": lambda: planfile.plan_json(builder.destructive()),
    "huge.mmd": _graph,
    "reach.md": lambda: markdown.comment(reaches.plan(), CONTEXT),
    "reach.txt": lambda: terminal.text(reaches.plan(), width=100, colour=False),
    "reach.html": lambda: html.report(reaches.plan(), CONTEXT),
    "reach.json": lambda: planfile.plan_json(reaches.plan()),
    "reached.md": lambda: markdown.outcome_comment(reaches.report(), CONTEXT),
    "reached.txt": lambda: terminal.report_text(reaches.report(), width=100, colour=False),
    "verify.txt": lambda: verification.text(reaches.verification(), width=100, colour=False),
    "verify.md": lambda: verification.markdown(reaches.verification()),
}


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, render in FILES.items():
        (FOLDER / name).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
