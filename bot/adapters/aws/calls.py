"""Calls by their names: ``ec2:DescribeVpcs`` in a scope, through its account's role."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from botocore import xform_name
from botocore.client import BaseClient
from botocore.credentials import ReadOnlyCredentials

from bot.adapters.aws.clients import (
    Clients,
    ReadClients,
    Workshop,
    acting_for,
    call,
    patiently,
)
from bot.adapters.aws.credentials import Supplier
from bot.adapters.aws.faults import aws_errors
from bot.adapters.aws.guard import check_read
from bot.adapters.aws.initial import ASSUME_ROLE
from bot.adapters.aws.members import MemberRoles
from bot.errors import AwsError
from bot.model.address import AccountId, Scope
from bot.model.aws_codes import STALE
from bot.model.step import Role
from bot.ports import Fence, unfenced

Item = Mapping[str, Any]
T = TypeVar("T")

LOG = logging.getLogger(__name__)
"""Says which call is made where; parameters and answers are never logged."""

_CLIENTS = {"servicequotas": "service-quotas"}
"""botocore's names of services whose IAM prefix, which calls are spelt with, is another."""

_LARGEST_PAGE = 1000
_UNKNOWN_MAXIMUM = 100
"""EC2 documents maxima for nearly all calls; 100 is allowed by those that botocore has none for."""


class _Used:
    """Hands on what a supplier gives, and remembers it."""

    def __init__(self, supplier: Supplier) -> None:
        self._supplier = supplier
        self.last: ReadOnlyCredentials | None = None

    def __call__(self) -> ReadOnlyCredentials:
        self.last = self._supplier()
        return self.last


class MemberAccess:
    """Acts in scopes through one set of roles."""

    def __init__(self, members: MemberRoles, roles: Mapping[AccountId, Role]) -> None:
        self._members, self._roles = members, roles

    def signed(self, scope: Scope, action: str, work: Callable[[], T]) -> T:
        """What ``work`` gives, signed as the role of the scope's account.

        Once more with a new session when AWS says that the session is over: then it has done
        nothing. Raises AwsError.
        """
        role = self._role(scope)
        used = _Used(partial(self._members.credentials, role, scope))
        try:
            with aws_errors(scope, action), acting_for(used):
                return work()
        except AwsError as error:
            over = error.action == action and error.code in STALE
            if not over or used.last is None or not self._members.renew(role, scope, used.last):
                raise
        with aws_errors(scope, action), acting_for(used):
            return work()

    def fenced(self, scope: Scope, action: str, work: Callable[[], T], fence: Fence) -> T:
        """As ``signed``, but signed in to first, so that behind the fence there is only work.

        The second time, with a new session, it passes the fence again. Raises AwsError.
        """
        role = self._role(scope)
        keys = self._members.credentials(role, scope)
        try:
            return _sent(scope, action, work, fence, keys)
        except AwsError as error:
            over = error.action == action and error.code in STALE
            if not over or not self._members.renew(role, scope, keys):
                raise
        return _sent(scope, action, work, fence, self._members.credentials(role, scope))

    def _role(self, scope: Scope) -> Role:
        role = self._roles.get(scope.account)
        if role is None:
            message = f"no mesh file names a role for account {scope.account}"
            raise AwsError(scope, ASSUME_ROLE, "NoRole", message)
        if role.account != scope.account:
            raise ValueError(f"the role given for {scope.account} is one of {role.account}")
        return role


def _sent(
    scope: Scope, action: str, work: Callable[[], T], fence: Fence, keys: ReadOnlyCredentials
) -> T:
    with fence(scope, action), aws_errors(scope, action), acting_for(lambda: keys):
        return work()


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

        def ask() -> tuple[Item, ...]:
            client = self._clients.client(_CLIENTS.get(service, service), scope.region)
            _check_exists(client, action, operation)
            return tuple(self._paged(client, operation, parameters))

        return patiently(lambda: self._access.signed(scope, action, ask))

    def _paged(
        self, client: BaseClient, operation: str, parameters: Mapping[str, Any]
    ) -> Iterator[Item]:
        paging = self._workshop.paging(client.meta.service_model.service_name, operation)
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

    def __init__(self, clients: Clients, access: MemberAccess, fence: Fence = unfenced) -> None:
        self._clients, self._access, self._fence = clients, access, fence

    def once(self, scope: Scope, action: str, parameters: Mapping[str, Any]) -> Item:
        """The answer of one call. Raises AwsError, or ValueError for one AWS does not have."""
        service, operation = _split(action)
        LOG.debug("%s %s", scope, action)

        with aws_errors(scope, action):  # a client takes a while to make: before the fence
            client = self._clients.client(_CLIENTS.get(service, service), scope.region)
        _check_exists(client, action, operation)
        return self._access.fenced(
            scope, action, lambda: call(client, operation, parameters), self._fence
        )


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
