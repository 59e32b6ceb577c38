"""EC2's errors, spelt as AWS spells them.

Codes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html . Wording of
messages is AWS's where a public report quotes it; nothing may depend on it.
"""

from __future__ import annotations

from moto.ec2.exceptions import DryRunClientError, EC2ClientError

__all__ = [
    "DryRunClientError",
    "EC2ClientError",
    "Refused",
    "invalid_value",
    "not_found",
    "not_permitted",
    "state_transition",
]


class Refused(Exception):
    """An error of another service than EC2, which moto has no way to raise from here."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid_value(value: object, parameter: str, why: str) -> EC2ClientError:
    """InvalidParameterValue for one parameter."""
    return EC2ClientError(
        "InvalidParameterValue", f"Value ( {value} ) for parameter {parameter} is invalid. {why}"
    )


def not_found(code: str, kind: str, identifier: str) -> EC2ClientError:
    """``<code>.NotFound``, for example InvalidVpcID.NotFound."""
    return EC2ClientError(f"{code}.NotFound", f"The {kind} ID '{identifier}' does not exist")


def not_permitted(message: str) -> EC2ClientError:
    """OperationNotPermitted."""
    return EC2ClientError("OperationNotPermitted", message)


def state_transition(identifier: str, before: str, after: str) -> EC2ClientError:
    """InvalidStateTransition of a peering."""
    return EC2ClientError(
        "InvalidStateTransition",
        f"Invalid state transition for {identifier}, "
        f"attempted to transition from {before} to {after}",
    )
