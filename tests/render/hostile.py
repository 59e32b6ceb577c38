"""Texts that somebody could put into YAML, a tag, a file name or an AWS answer."""

from __future__ import annotations

HOSTILE = (
    # mentions, references, autolinks
    "@everyone", "@acme/network-team please", "a@b.co", "(@octocat)", '"@octocat"',
    "#1", "see #123.", "GH-123", "gh-7", "acme/network#5", "acme/network@3f6c1e0a9b8d",
    "3f6c1e0a9b8d7c6f5e4d3c2b1a0f9e8d7c6b5a49", "3f6c1e0", "CVE-2024-12345",
    "GHSA-abcd-efgh-ijkl", "JIRA-42", "http://evil.example", "https://evil.example/a(b)c",
    "ftp://evil.example", "www.evil.example", "WWW.EVIL.EXAMPLE", "mailto:a@b.co",
    "xmpp:a@b.co/x", "evil.example", "<https://evil.example>", "<a@b.co>", "//evil.example/x",
    "xhttps://evil.example", "(www.evil.example)", '"https://evil.example"', ":tada: :shipit:",
    # links and images
    "[x](http://evil.example)", "![x](http://evil.example/x.png)", "![x][y]", "[x]: http://e.vil",
    "[^1]", "[^1]: note", "[ ] task", "[x](javascript:alert(1))", "](http://evil.example)[",
    "!", "![", "[]()", "x](http://evil.example",
    # HTML
    "<img src=http://evil.example/x.png>", "<script>alert(1)</script>", "<!-- hidden -->",
    "<!--", "-->", "</details>", "</summary></details><h1>x</h1>", "<details>", "<svg/onload=x>",
    "<a href=http://evil.example>x</a>", '" onmouseover="x', "' x='", "&lt;b&gt;", "&#60;b&#62;",
    "<picture><source srcset=http://evil.example>", "<![CDATA[x]]>", "<?php x ?>", "</style>",
    "</script><script>x</script>", "<!-- meshbot:v1 key=other -->",
    # Markdown
    "`", "``", "```", "````\n```mermaid\ngraph LR\n```", "~~~", "a`b", "`a", "a``b`", "` `",
    "*bold*", "**", "_under_", "__x__", "~~gone~~", "***", "---", "===", "- item", "+ item",
    "1. item", "2) item", "# heading", "> quote", "    code", "\tcode", "a\nb", "a\r\nb",
    "x\n\n# heading", "|", "a|b|c", "\\", "a\\", "\\|", "a\\|b", "`|`", "`a|b", "||---|---|",
    "| a | b |\n|---|---|\n| c | d |", "$x$", "$$x$$", "$`x`$", "a  \nb", "> [!CAUTION]\n> x",
    "`a` @octocat `", "`@octocat` `` @x", "(`x`)$", "\\`@octocat\\`", "``` @octocat ```",
    # Mermaid
    '"]; click n0 "http://evil.example"', "%%{init: {}}%%", "end", "n0 --> n1", "<br/>x", "#quot;",
    "`**x**`", ":::new", "ﬂ°°60¶ß",
    # terminal
    "\x1b[31mred\x1b[0m", "\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\", "\x9b31m", "\x07\x08",
    "[red]x[/red]", "[link=http://evil.example]x[/link]", "\x00", "a\rb", "\x1b[2J", "\x7f", "\x85",
    # invisible and reversed
    "\u202eevil\u202c", "\u2066x\u2069", "a\u200bb", "@\u200boctocat", "\ufeff", "\u2028x\u2029",
    "\u00ad", "\u3164", "\U000e0041", "\ud800", "e\u0301", "\U0001f468\u200d\U0001f469",
    # long and odd
    "a" * 5_000, "@x " * 2_000, "`" * 3_000, "<" * 3_000, "", " ", "\u22121", "☃",
)  # fmt: skip
"""Every one is put wherever a renderer takes text from outside."""
