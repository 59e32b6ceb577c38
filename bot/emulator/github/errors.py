"""Refusals, in the words and the form the API documents."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"
NOT_ACCESSIBLE = "Resource not accessible by integration"


class ApiError(Exception):
    """An error reply: a status, a message and, for 422, what is wrong with which field."""

    def __init__(self, status: int, message: str, *errors: dict[str, Any]) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.body: dict[str, Any] = {"message": message, "documentation_url": DOCUMENTATION}
        if errors:
            self.body["errors"] = list(errors)
        if status != 422:
            self.body["status"] = str(status)


def not_found() -> ApiError:
    """What is missing, and what the caller may not know of."""
    return ApiError(404, "Not Found")


def invalid(resource: str, name: str, code: str = "invalid", message: str = "") -> ApiError:
    """``Validation Failed`` for one field; ``code`` is one GitHub documents for errors."""
    error = {"resource": resource, "field": name, "code": code}
    return ApiError(422, "Validation Failed", error | ({"message": message} if message else {}))
