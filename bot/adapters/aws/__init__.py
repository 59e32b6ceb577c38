"""AWS through botocore: identities, readers and writers (ports.Aws, Reader and Writer)."""

from __future__ import annotations

from bot.adapters.aws.connection import ConnectedAws, connect
from bot.adapters.aws.guard import ReadOnlyViolation
from bot.adapters.aws.initial import InitialIdentity, sign_in_with_web_identity

__all__ = [
    "ConnectedAws",
    "InitialIdentity",
    "ReadOnlyViolation",
    "connect",
    "sign_in_with_web_identity",
]
