"""Takes secrets out of text that others wrote, before anybody sees it."""

from __future__ import annotations

import re

_SECRETS = (
    # AWS repeats the canonical request when a signature does not match
    (
        re.compile(r"(?i)(x-amz-security-token\\{0,3}[\"']?\s*[:=]\s*\\{0,3}[\"']?)[^\s\"'&,\\]+"),
        r"\1***",
    ),
    # an answer of STS, whole or cut, as XML, JSON or a Python value; and a configuration file
    (
        re.compile(
            r"(?i)(\b(?:aws_)?(?:secret_?access_?key|session_?token)\\{0,3}(?:[\"']|&quot;)?"
            r"\s{0,20}[>:=]\s{0,20}\\{0,3}(?:[\"']|&quot;)?)[^\s\"'<,}\\&]+"
        ),
        r"\1***",
    ),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),
    (re.compile(r"\b(?:gh[a-z]_|github_pat_)\w{16,}"), "***"),
    (re.compile(r"(?i)\b((?:bearer|basic|token)\s+)[\w.~+/-]{16,}=*"), r"\1***"),
    # user:password@ in a URL; a password may hold anything, another @ included
    (re.compile(r"//[^\s\"'<>]{1,500}@"), "//***@"),
)


def without_secrets(text: str) -> str:
    """The text with ``***`` for what looks like a token, a key or a URL's password."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text
