"""One file out of a ZIP archive that may be hostile. Nothing is written to the disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

MAX_ENTRIES = 100


class ArchiveFault(ValueError):
    """The archive is broken, or holds something that an artifact of ours never holds."""


def only_file(archive: bytes, name: str, limit: int) -> bytes:
    """The content of the entry called ``name``, of at most ``limit`` bytes. Raises ArchiveFault.

    The size that an entry claims is not trusted: reading stops at the limit.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entry = _entry(opened.infolist(), name)
            if entry.file_size > limit:
                raise ArchiveFault(f"{name} has more than {limit:,} bytes")
            with opened.open(entry) as stream:
                content = stream.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        # RuntimeError: an encrypted entry, and NotImplementedError an unknown compression
        raise ArchiveFault(f"it is no archive that can be read ({type(error).__name__})") from error
    if len(content) > limit:
        raise ArchiveFault(f"{name} has more than {limit:,} bytes")
    return content


def _entry(entries: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if len(entries) > MAX_ENTRIES:
        raise ArchiveFault(f"it holds more than {MAX_ENTRIES} files")
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
            raise ArchiveFault("it holds a file whose name leads out of it")
    found = [entry for entry in entries if entry.filename == name]
    if len(found) != 1:
        raise ArchiveFault(f"it holds {len(found) or 'no'} files called {name}")
    return found[0]
