"""The runner's OIDC token endpoint: a request token in, a signed token out."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from bot.emulator.github.calls import Call, Json, Reply
from bot.emulator.github.errors import ApiError, not_found
from bot.emulator.github.identity import Tokens
from bot.emulator.github.world import Run, World

LIFETIME = 5 * 60
"""Seconds a token is valid."""
KEY_ID = "emulated-key"


class Signer:
    """An RSA key of this process, made when the first token is."""

    def __init__(self) -> None:
        self._key: Any = None

    @property
    def key(self) -> Any:
        """The private key."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._key

    def token(self, claims: Json, audience: str) -> str:
        """A signed token with these claims, valid from now."""
        import jwt

        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + LIFETIME, "jti": str(uuid.uuid4())}
        payload = claims | times | {"aud": audience}
        return jwt.encode(payload, self.key, algorithm="RS256", headers={"kid": KEY_ID})

    def keys(self) -> Json:
        """The public key, as a JSON Web Key Set."""
        import jwt

        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [key | {"kid": KEY_ID, "alg": "RS256", "use": "sig"}]}


def token_reply(world: World, tokens: Tokens, signer: Signer, call: Call) -> Reply:
    """``{"value": …}`` for the run whose request token is the bearer."""
    match = re.fullmatch(r"/_actions/runs/([0-9]+)/idtoken", call.path)
    if match is None:
        raise not_found()
    bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
    identity = tokens.requests.get(bearer)
    if identity is None or identity.run != int(match[1]):
        raise ApiError(401, "Unauthorized")
    repository = world.repositories[identity.repository or ""]
    run: Run = repository.runs[identity.run]
    audience = call.query.get("audience") or f"https://github.com/{repository.owner}"
    value = signer.token(run.claims, audience)
    return Reply({"count": len(value), "value": value})
