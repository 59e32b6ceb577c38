"""EC2's XML, written from botocore's own description of each answer.

moto's serializer is far too slow for tables with hundreds of routes, and the description is
the very one the client reads the answer with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ServiceModel, Shape
from botocore.session import Session

_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
_Write = Callable[[Any, list[str]], None]


@cache
def _ec2() -> ServiceModel:
    return Session().get_service_model("ec2")


@cache
def _writer_of_result(action: str) -> _Write:
    return _writer(_ec2().operation_model(action).output_shape, {})


def answer(action: str, result: Mapping[str, Any], request_id: str) -> str:
    """The body that answers an action; keys of ``result`` are boto3's, None is left out."""
    parts = [f'<{action}Response xmlns="{_NAMESPACE}"><requestId>{request_id}</requestId>']
    _writer_of_result(action)(result, parts)
    parts.append(f"</{action}Response>")
    return "".join(parts)


def error(code: str, message: str, request_id: str) -> str:
    """EC2's error document."""
    return (
        f"<Response><Errors><Error><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    )


def query_error(code: str, message: str, request_id: str) -> str:
    """The error document of services that speak the query protocol, STS among them."""
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def rest_error(code: str, message: str, request_id: str) -> str:
    """S3's error document."""
    return (
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"<RequestId>{request_id}</RequestId></Error>"
    )


def _writer(shape: Shape | None, made: dict[str, _Write]) -> _Write:
    if shape is None:
        return lambda value, parts: None
    if shape.name not in made:
        made[shape.name] = lambda value, parts: made[shape.name](value, parts)
        made[shape.name] = _make(shape, made)
    return made[shape.name]


def _make(shape: Any, made: dict[str, _Write]) -> _Write:
    match shape.type_name:
        case "structure":
            return _structure(shape, made)
        case "list":
            return _list(shape, made)
        case "boolean":
            return lambda value, parts: parts.append("true" if value else "false")
        case "timestamp":
            return lambda value, parts: parts.append(_timestamp(value))
        case _:
            return lambda value, parts: parts.append(escape(str(value)))


def _structure(shape: Any, made: dict[str, _Write]) -> _Write:
    members = {
        name: (member.serialization.get("name", name), _writer(member, made))
        for name, member in shape.members.items()
    }

    def write(value: Mapping[str, Any], parts: list[str]) -> None:
        for key, item in value.items():
            if item is not None:
                tag, write_member = members[key]
                parts.append(f"<{tag}>")
                write_member(item, parts)
                parts.append(f"</{tag}>")

    return write


def _list(shape: Any, made: dict[str, _Write]) -> _Write:
    tag = shape.member.serialization.get("name", "item")
    write_item = _writer(shape.member, made)

    def write(value: Any, parts: list[str]) -> None:
        for item in value:
            parts.append(f"<{tag}>")
            write_item(item, parts)
            parts.append(f"</{tag}>")

    return write


def _timestamp(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
