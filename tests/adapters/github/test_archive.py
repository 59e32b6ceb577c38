"""One file out of an archive: bombs, links out of it, broken and foreign ones are refused."""

from __future__ import annotations

import io
import warnings
import zipfile

import pytest

from bot.adapters.github.archive import ArchiveFault, only_file


def archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", method) as made:
        warnings.simplefilter("ignore")  # two entries of one name
        for name, content in entries:
            made.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


PLAN = ("plan.json", b"{}")


def test_the_file_is_read() -> None:
    assert only_file(archive(PLAN, ("report.html", b"x")), "plan.json", 2) == b"{}"


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"no archive",
        archive(PLAN)[:-30],
        archive(),
        archive(("other.json", b"{}")),
        archive(("deep/plan.json", b"{}")),
        archive(PLAN, PLAN),
        archive(PLAN, ("../evil", b"x")),
        archive(PLAN, ("a/../../evil", b"x")),
        archive(PLAN, ("/etc/evil", b"x")),
        archive(PLAN, ("..\\evil", b"x")),
        archive(PLAN, ("C:evil", b"x")),
        archive(PLAN, *((f"f{number}", b"") for number in range(100))),
        archive(("plan.json", b"{}{")),
        archive(("plan.json", b"0" * 10_000_000)),
    ],
)
def test_everything_else_is_refused(held: bytes) -> None:
    with pytest.raises(ArchiveFault):
        only_file(held, "plan.json", 2)


def test_the_size_that_an_entry_claims_is_not_believed() -> None:
    held = bytearray(archive(("plan.json", b"0" * 1_000)))
    true, claimed = (1_000).to_bytes(4, "little"), (2).to_bytes(4, "little")
    lying = bytes(held).replace(true, claimed)
    assert lying != bytes(held)

    # cut at what it claims, its checksum is wrong; or it is too long: both are refused
    with pytest.raises(ArchiveFault):
        only_file(lying, "plan.json", 2)


def test_an_encrypted_entry_is_refused() -> None:
    held = bytearray(archive(PLAN))
    held[6] |= 1
    place = bytes(held).index(b"PK\x01\x02")
    held[place + 8] |= 1

    with pytest.raises(ArchiveFault):
        only_file(bytes(held), "plan.json", 2)
