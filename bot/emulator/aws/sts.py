"""Signing in: which roles can be assumed, and the memory of who assumed what.

Sources: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
API_AssumeRoleWithWebIdentity.html . Roles need not exist: any role of any account can be assumed,
unless the settings say otherwise.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.sts.responses import TokenResponse

from bot.emulator.aws.calls import SEED
from bot.emulator.aws.errors import Refused
from bot.emulator.aws.world import World

_ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):iam::([0-9]{12}):role/([\w+=,.@/-]+)", re.ASCII)
_SESSION = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_LONGEST, _LONGEST_CHAINED, _SHORTEST = 43200, 3600, 900


class StsCalls(TokenResponse):
    """AssumeRole and AssumeRoleWithWebIdentity; the rest is moto's."""

    world: ClassVar[World]

    def assume_role(self) -> ActionResult:
        self._check(chained=self.access_key in self.world.roles)
        return self._remembered(super().assume_role())

    def assume_role_with_web_identity(self) -> ActionResult:
        self._check(chained=False)
        if self.world.settings.oidc_audience:
            self._check_token()
        return self._remembered(super().assume_role_with_web_identity())

    def _check(self, *, chained: bool) -> None:
        arn, name = str(self._get_param("RoleArn")), str(self._get_param("RoleSessionName"))
        parts = _ARN.fullmatch(arn)
        if not parts:
            raise Refused("ValidationError", f"{arn} is invalid")
        if not _SESSION.fullmatch(name):
            raise Refused("ValidationError", f"'{name}' at 'roleSessionName' is invalid")
        self._check_duration(chained=chained)
        if self.access_key == SEED:
            return
        settings = self.world.settings
        wanted = settings.external_ids.get(parts[2])
        denied = {parts[2], arn} & settings.unassumable
        if denied or (wanted is not None and self._get_param("ExternalId") != wanted):
            raise Refused(
                "AccessDenied",
                f"User: {self._caller} is not authorized to perform: "
                f"sts:{self._get_action()} on resource: {arn}",
            )

    def _check_duration(self, *, chained: bool) -> None:
        seconds = self._get_int_param("DurationSeconds", _LONGEST_CHAINED)
        if chained and seconds > _LONGEST_CHAINED:
            raise Refused(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                "assumed by role chaining",
            )
        if not _SHORTEST <= seconds <= _LONGEST:
            raise Refused("ValidationError", f"{seconds} at 'durationSeconds' is invalid")

    @property
    def _caller(self) -> str:
        role = self.world.roles.get(self.access_key, "user")
        return f"arn:aws:sts::{self.current_account}:assumed-role/{role}"

    def _check_token(self) -> None:
        claims = _claims(str(self._get_param("WebIdentityToken")))
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if self.world.settings.oidc_audience not in audiences:
            raise Refused("InvalidIdentityToken", "Incorrect token audience")
        if float(claims.get("exp", 0)) < time.time():
            raise Refused("ExpiredTokenException", "Token expired: current date/time")

    def _remembered(self, answer: ActionResult) -> ActionResult:
        result: Any = answer.result
        role = str(self._get_param("RoleArn")).rpartition("/")[2]
        self.world.opened(result["Credentials"].access_key_id, role)
        return answer


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        if len(parts) != 3:
            raise ValueError("not three parts")
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return dict(json.loads(payload))
    except (ValueError, TypeError, binascii.Error):
        raise Refused("InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from None
