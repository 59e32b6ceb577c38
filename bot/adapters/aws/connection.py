"""Accounts through their member roles: the Reader and the Writer over botocore."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from botocore.credentials import ReadOnlyCredentials

from bot.adapters.aws.clients import Clients, acting_for
from bot.adapters.aws.credentials import Clock, Renewed, session_name, utc_now
from bot.adapters.aws.faults import aws_errors, for_scope
from bot.adapters.aws.guard import check_read
from bot.adapters.aws.initial import (
    ASSUME_ROLE,
    InitialIdentity,
    Issued,
    issued_for,
    standard_identity,
)
from bot.errors import AwsError
from bot.model.address import AccountId, Region, Scope, partition
from bot.model.step import Role
