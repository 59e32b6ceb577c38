"""Mesh files to a Mesh: strict YAML, the schema, and the rules of meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.config.across import check_across
from bot.config.document import document
from bot.config.draft import FileDraft, drafted
from bot.config.fault import Faults
from bot.config.overrides import check_overrides
from bot.config.rules import check_environment
from bot.config.schema import check
from bot.config.security_groups import with_rules
from bot.config.text import decoded
from bot.errors import MeshInvalid
from bot.model.diagnostic import Diagnostic
from bot.model.mesh import Mesh

__all__ = ["Loaded", "load"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A mesh without faults, and the warnings about it, in file order."""

    mesh: Mesh
    diagnostics: tuple[Diagnostic, ...] = ()


def load(files: Mapping[str, str | bytes]) -> Loaded:
    """The mesh of these files: path as shown to the user → text.

    Raises MeshInvalid with every error of every file, in file order. No files make an
    empty mesh.
    """
    faults = Faults()
    read = (_drafted(path, files[path], faults) for path in sorted(files))
    drafts = tuple(draft for draft in read if draft is not None)
    for file in drafts:
        for environment in file.environments:
            check_environment(environment, faults)
            check_overrides(environment, faults)
    drafts = tuple(with_rules(file, faults) for file in drafts)
    check_across(drafts, faults)
    if faults.errors:
        raise MeshInvalid(faults.errors)
    return Loaded(Mesh(tuple(draft.finished() for draft in drafts)), faults.warnings)


def _drafted(path: str, raw: str | bytes, faults: Faults) -> FileDraft | None:
    text = decoded(path, raw, faults)
    root = document(path, text, faults) if text is not None else None
    usable = root is not None and check(root, faults)
    return drafted(path, root) if root is not None and usable else None
