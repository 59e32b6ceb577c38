"""The GitHub Actions runner: outputs, annotations, masks, the log, the job summary, files.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bot.errors import BotError
from bot.model.github import Annotation, AnnotationLevel

SUMMARY_LIMIT = 1024 * 1024
"""Bytes. Beyond it the runner throws the whole summary of the step away."""
FOLDER = "meshbot-out"
"""Where files for later steps go, in the workspace."""
OUTPUTS = (
    "has-changes",
    "creates",
    "updates",
    "deletes",
    "fingerprint",
    "plan-json-path",
    "report-html-path",
    "comment-url",
    "matrix",
    "shard-path",
    "failure-reason",
)
"""Every output that is set, as action.yml spells it."""

_COMMANDS = {
    AnnotationLevel.NOTICE: "notice",
    AnnotationLevel.WARNING: "warning",
    AnnotationLevel.FAILURE: "error",
}


class RunnerFiles:
    """``bot.ports.Runner`` on the runner's command files and the standard output.

    ``environ`` names GITHUB_OUTPUT and GITHUB_STEP_SUMMARY; without them, as on a laptop,
    outputs and summary are dropped. Text for ``out`` may be hostile: only what this
    class writes itself is a command to the runner.
    """

    def __init__(self, environ: Mapping[str, str], out: TextIO) -> None:
        self._output_file = environ.get("GITHUB_OUTPUT", "")
        self._summary_file = environ.get("GITHUB_STEP_SUMMARY", "")
        self._workspace = Path(environ.get("GITHUB_WORKSPACE") or ".")
        self._out = out
        # a thread's mask must not land where commands are off: there it would be shown
        self._whole = threading.RLock()

    def output(self, name: str, value: str) -> None:
        """Sets an output; a random delimiter keeps the value from setting others."""
        assert name in OUTPUTS, name
        delimiter = f"meshbot_{secrets.token_hex(16)}"
        assert delimiter not in value
        _append(self._output_file, f"{name}<<{delimiter}\n{value}\n{delimiter}\n")

    def annotate(self, annotation: Annotation) -> None:
        """Shows an annotation. GitHub shows ten of each level a step, the log all."""
        properties = {"title": annotation.title}
        if place := annotation.place:
            properties |= {"file": place.file, "line": str(place.line), "col": str(place.column)}
        text = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
        head = f"{_COMMANDS[annotation.level]} {text}".rstrip()
        self._write(f"::{head}::{_data(annotation.message)}")

    def mask(self, secret: str) -> None:
        """Has the runner hide a secret in all logs, each of its lines by itself."""
        with self._whole:
            for line in secret.splitlines():
                if line.strip():
                    self._write(f"::add-mask::{_data(line)}")

    def log(self, text: str, title: str = "") -> None:
        """Writes text to the log with commands switched off; folded if it has a title."""
        with self._whole:
            self._log(text, title)

    def _log(self, text: str, title: str) -> None:
        if title:
            self._write(f"::group::{_data(title)}")
        token = secrets.token_hex(16)
        self._write(f"::stop-commands::{token}")
        # a lone carriage return would start a line that the token's line does not end
        self._write(text.replace("\r\n", "\n").replace("\r", "\n"))
        self._write(f"::{token}::")
        if title:
            self._write("::endgroup::")

    @contextmanager
    def group(self, title: str) -> Iterator[Callable[[str], None]]:
        """Folds what is written meanwhile; answers what writes one line, which is no command.

        Commands stay on in between, or a mask would be shown instead of carried out.
        """
        self._write(f"::group::{_data(title)}")
        try:
            yield self._line
        finally:
            self._write("::endgroup::")

    def _line(self, text: str) -> None:
        line = " ".join(text.splitlines())
        if line.lstrip().startswith("::") or "##[" in line:  # the runner's two forms of commands
            self.log(line)
        else:
            self._write(line)

    def summary(self, *texts: str) -> None:
        """Adds the first text that still fits to the job summary; never a part of one."""
        for text in texts:
            if _size(self._summary_file) + len(text.encode("utf-8", "replace")) < SUMMARY_LIMIT:
                _append(self._summary_file, f"{text}\n")
                return

    def keep(self, name: str, pieces: Iterable[str]) -> str:
        """Writes ``meshbot-out/<name>`` in the workspace; answers its path relative to it.

        The workspace is the pull request's: a link that it planted is not followed.
        Raises BotError.
        """
        folder = self._workspace / FOLDER
        file = folder / name
        try:
            if folder.is_symlink():
                raise BotError(f"{FOLDER} is a symbolic link. Remove it from the repository.")
            folder.mkdir(exist_ok=True)
            file.unlink(missing_ok=True)
            with file.open("x", encoding="utf-8", errors="replace", newline="\n") as stream:
                stream.writelines(pieces)
        except OSError as error:
            raise BotError(f"{FOLDER}/{name} cannot be written: {error.strerror}.") from error
        return f"{FOLDER}/{name}"

    def _write(self, line: str) -> None:
        text = line.encode("utf-8", "replace").decode("utf-8")
        with self._whole:
            self._out.write(f"{text}\n")
            self._out.flush()


def _append(file: str, text: str) -> None:
    if not file:
        return
    try:
        with Path(file).open("a", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise BotError(f"The runner's file cannot be written: {error.strerror}.") from error


def _size(file: str) -> int:
    try:
        return Path(file).stat().st_size if file else 0
    except OSError:
        return 0


def _data(text: str) -> str:
    """Escaped as the runner's toolkit does it for a command's text."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escaped as the runner's toolkit does it for a command's property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def surroundings() -> tuple[MutableMapping[str, str], TextIO]:
    """This process's environment variables and standard output.

    Makes the workspace the working directory, as it is in a container action.
    """
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or ".")
    if workspace.is_dir():
        os.chdir(workspace)
    return os.environ, sys.stdout
