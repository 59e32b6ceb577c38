"""Calls by their names: ``ec2:DescribeVpcs`` in a scope, through its account's role."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient

from bot.adapters.aws.clients import Clients, ReadClients, Workshop, acting_for, call
from bot.adapters.aws.faults import aws_errors
from bot.adapters.aws.guard import check_read
from bot.adapters.aws.initial import ASSUME_ROLE
from bot.adapters.aws.members import MemberRoles
from bot.errors import AwsError
from bot.model.address import AccountId, Scope
from bot.model.step import Role

Item = Mapping[str, Any]

LOG = logging.getLogger(__name__)
"""Says which call is made where; parameters and answers are never logged."""

_LARGEST_PAGE = 1000
_UNKNOWN_MAXIMUM = 100
"""EC2 documents maxima for nearly all calls; 100 is allowed by those that botocore has none for."""


class MemberAccess:
    """Acts in scopes through one set of roles."""

    def __init__(self, members: MemberRoles, roles: Mapping[AccountId, Role]) -> None:
        self._members, self._roles = members, roles

    def acting_in(self, scope: Scope) -> AbstractContextManager[None]:
        """Sign as the role of the scope's account. Raises AwsError if there is none."""
        role = self._roles.get(scope.account)
        if role is None:
            message = f"no mesh file names a role for account {scope.account}"
            raise AwsError(scope, ASSUME_ROLE, "NoRole", message)
        if role.account != scope.account:
            raise ValueError(f"the role given for {scope.account} is one of {role.account}")
        return acting_for(partial(self._members.credentials, role, scope))


class Reads:
    """Sends reads. It has guarded clients only, so that whoever holds it can do nothing else."""

    def __init__(self, workshop: Workshop, clients: ReadClients, access: MemberAccess) -> None:
        self._workshop, self._clients, self._access = workshop, clients, access

    def items(self, scope: Scope, action: str, parameters: Mapping[str, Any]) -> tuple[Item, ...]:
        """Every item of every page, or the whole answer of a call that has no pages.

        Where an answer has several lists, the one that botocore's paginator puts first.
        Raises AwsError, ReadOnlyViolation for what is no read, and ValueError for a call that
        AWS does not have or an empty list of ids, which EC2 would take for "all".
        """
        service, operation = _split(action)
        check_read(service, operation, parameters)
        _refuse_empty_ids(action, parameters)
        LOG.debug("%s %s", scope, action)
        with aws_errors(scope, action), self._access.acting_in(scope):
            client = self._clients.client(service, scope.region)
            _check_exists(client, action, operation)
            return tuple(self._paged(client, service, operation, parameters))

    def _paged(
        self, client: BaseClient, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> Iterator[Item]:
        paging = self._workshop.paging(service, operation)
        if paging is None:
            answer = call(client, operation, parameters)
            yield {key: value for key, value in answer.items() if key != "ResponseMetadata"}
            return
        paginator = client.get_paginator(xform_name(operation))
        size = _page_size(client, operation, paging.get("limit_key"), parameters)
        first = next(iter(paginator.result_keys or ()))
        for page in paginator.paginate(**parameters, PaginationConfig=size):
            yield from first.search(page) or ()


class Writes:
    """Sends calls that change AWS, each once."""

    def __init__(self, clients: Clients, access: MemberAccess) -> None:
        self._clients, self._access = clients, access

    def once(self, scope: Scope, action: str, parameters: Mapping[str, Any]) -> Item:
        """The answer of one call. Raises AwsError, or ValueError for one AWS does not have."""
        service, operation = _split(action)
        LOG.debug("%s %s", scope, action)
        with aws_errors(scope, action), self._access.acting_in(scope):
            client = self._clients.client(service, scope.region)
            _check_exists(client, action, operation)
            return call(client, operation, parameters)


def _page_size(
    client: BaseClient, operation: str, limit: str | None, parameters: Mapping[str, Any]
) -> dict[str, int]:
    """The largest page the API gives, as a PaginationConfig.

    None for a question by id: EC2 refuses some of those with MaxResults, and pages none
    (EC2 developer guide, pagination).
    """
    if limit is None or limit in parameters or any(_is_id_list(name) for name in parameters):
        return {}
    shape = client.meta.service_model.operation_model(operation).input_shape
    assert shape is not None
    largest = shape.members[limit].metadata.get("max", _UNKNOWN_MAXIMUM)
    return {"PageSize": min(int(largest), _LARGEST_PAGE)}


def _is_id_list(parameter: str) -> bool:
    return parameter.endswith("Ids")


def _refuse_empty_ids(action: str, parameters: Mapping[str, Any]) -> None:
    for name, value in parameters.items():
        if _is_id_list(name) and not value:
            raise ValueError(f"{action}: {name} is empty, which would ask for everything")


def _check_exists(client: BaseClient, action: str, operation: str) -> None:
    if operation not in client.meta.service_model.operation_names:
        raise ValueError(f"AWS has no call {action}")


def _split(action: str) -> tuple[str, str]:
    service, colon, operation = action.partition(":")
    if not (service and colon and operation):
        raise ValueError(f"{action!r} is not of the form service:Operation")
    return service, operation
