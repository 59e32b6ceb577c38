"""Whatever botocore raises, as an AwsError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bot.adapters.redaction import without_secrets
from bot.errors import AwsError
from bot.model.address import Scope

_ADVICE = {
    "NoCredentialsError": "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or give the action role-to-assume",
    "ProfileNotFound": "check AWS_PROFILE and the AWS config file",
    "EndpointConnectionError": "check the region's name, AWS_ENDPOINT_URL and the network",
    "ConnectTimeoutError": "check AWS_ENDPOINT_URL and the network",
}


@contextmanager
def aws_errors(scope: Scope | None, action: str) -> Iterator[None]:
    """Raise AwsError for what goes wrong inside with a call of ``action`` in ``scope``.

    ``code`` is AWS's, or the name of botocore's exception. EndpointConnectionError,
    ConnectTimeoutError, NoCredentialsError and the like mean that nothing was sent;
    ReadTimeoutError, ConnectionClosedError and ResponseStreamingError that the call may
    have been carried out.
    """
    try:
        yield
    except ClientError as error:
        raise _refused(error, scope, action) from error
    except (BotoCoreError, ResponseParserError, OSError) as error:
        # OSError: a credential file named by the configuration cannot be read
        raise fault(error, scope, action) from error


def fault(error: Exception, scope: Scope | None, action: str) -> AwsError:
    """The AwsError of a call that got no usable answer, with advice where we have some."""
    code = type(error).__name__
    # botocore quotes the whole answer that it cannot read, and STS's answers hold credentials
    broken = isinstance(error, ResponseParserError)
    text = "AWS's answer is cut or broken" if broken else without_secrets(str(error))
    advice = f" ({_ADVICE[code]})" if code in _ADVICE else ""
    return AwsError(scope, action, code, text + advice)


@contextmanager
def explained(advice: Mapping[str, str]) -> Iterator[None]:
    """Add to AwsErrors raised inside what is known of their codes."""
    try:
        yield
    except AwsError as error:
        if error.code not in advice:
            raise
        text = f"{error.message} ({advice[error.code]})"
        raise AwsError(error.scope, error.action, error.code, text, error.request_id) from error


def for_scope(error: AwsError, scope: Scope) -> AwsError:
    """The same failure, as it concerns another scope."""
    return AwsError(scope, error.action, error.code, error.message, error.request_id)


def _refused(error: ClientError, scope: Scope | None, action: str) -> AwsError:
    answer = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    return AwsError(
        scope,
        action,
        answer.get("Code") or "Unknown",
        without_secrets(answer.get("Message") or ""),
        metadata.get("RequestId") or "",
    )
