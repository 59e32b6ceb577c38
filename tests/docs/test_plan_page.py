"""docs/plan.md names every diagnostic that planning can give, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("bot/kinds", "bot/engine", "bot/usecases")


def codes_of(tree: ast.AST) -> set[str]:
    """The second argument of every Diagnostic(…): a constant, or a choice between two."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Diagnostic":
            for part in ast.walk(node.args[1]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add(part.value)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            names = [getattr(n, "id", "") for t in node.targets for n in ast.walk(t)]
            if "code" in names:
                found |= {str(c.value) for c in node.value.elts if isinstance(c, ast.Constant)}
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "SUSPECTED_TYPO":
            found.add(ast.literal_eval(node.value))
    return found


def test_every_diagnostic_of_planning_is_documented() -> None:
    files = [path for source in SOURCES for path in (ROOT / source).rglob("*.py")]
    in_code = set().union(*(codes_of(ast.parse(path.read_text())) for path in files))
    rows = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/plan.md").read_text(), re.MULTILINE)

    in_code = {code for code in in_code if re.fullmatch(r"[a-z]+(-[a-z]+)+", code)}

    assert len(in_code) > 15
    assert set(rows) == in_code
