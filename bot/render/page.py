"""The report's style and script. Both are inline and allowed by their hashes alone."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --page: #fff; --soft: #59636e;
  --edge: #d1d9e0; --band: #f6f8fa; --new: #1a7f37; --going: #cf222e; --change: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --text: #f0f6fc; --page: #0d1117;
  --soft: #9198a1; --edge: #3d444d; --band: #151b23; --new: #3fb950; --going: #f85149;
  --change: #d29922; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 1240px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
code { overflow-wrap: break-word; font: 0.86em ui-monospace, monospace; }
.soft { color: var(--soft); } .error, .delete, .failed { color: var(--going); }
.warning, .update, .skipped, .interrupted { color: var(--change); }
.create, .applied { color: var(--new); }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid var(--edge); padding: 4px 8px; text-align: left; vertical-align: top; }
th { background: var(--band); } td:first-child { white-space: nowrap; font-weight: 600; }
.filter { display: flex; gap: 0.5rem; margin: 0.5rem 0; }
.filter input { flex: 1; } .filter input, .filter select { font: inherit; padding: 4px 8px; }
li { margin: 0.4rem 0; } svg { width: 100%; max-height: 90vh; }
svg path { fill: none; } svg .kept { stroke: #8c959f; stroke-width: 0.7; }
svg .new { stroke: var(--new); stroke-width: 3; }
svg .going { stroke: var(--going); stroke-width: 2; stroke-dasharray: 6 5; }
.wide { overflow-x: auto; } .id { white-space: nowrap; }
svg .missing { stroke: var(--change); stroke-width: 2; stroke-dasharray: 2 3; }
svg .node { fill: var(--page); } svg .node.kept { stroke-width: 2; }
svg text { fill: var(--text); font-size: 11px; } svg .note { fill: var(--soft); }
svg .scope { font-weight: 600; text-anchor: middle; }
svg .word { text-anchor: middle; paint-order: stroke; stroke: var(--page); stroke-width: 4; }
@media print { .filter { display: none; } body { margin: 0; max-width: none; }
  tr, li { break-inside: avoid; } thead { display: table-header-group; } }
"""

SCRIPT = """
"use strict";
const words = document.getElementById("words");
const action = document.getElementById("action");
const told = document.getElementById("told");
const rows = Array.from(document.querySelectorAll("#changes tbody tr"));
function filter() {
  const wanted = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const fits = (!action.value || row.dataset.action === action.value)
      && wanted.every((word) => text.includes(word));
    row.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  told.textContent = shown + " of " + rows.length + " shown";
}
if (words) {
  words.addEventListener("input", filter);
  action.addEventListener("input", filter);
}
"""


def hash_source(content: str) -> str:
    """A source of a Content-Security-Policy that allows exactly this inline text."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {hash_source(STYLE)}; script-src {hash_source(SCRIPT)};"
    " base-uri 'none'; form-action 'none'"
)
