"""Leases: a record in DynamoDB or S3 (ports.LeaseStore), and who holds it (ports.Lease)."""

from __future__ import annotations

from bot.adapters.aws.initial import InitialIdentity
from bot.adapters.lease.clocks import steady
from bot.adapters.lease.dynamodb import DynamoDbStore
from bot.adapters.lease.here import laptop
from bot.adapters.lease.keeper import Keeper
from bot.adapters.lease.s3 import S3Store
from bot.model.lease_place import Backend, LeasePlace
from bot.ports import LeaseStore

__all__ = ["DynamoDbStore", "Keeper", "S3Store", "laptop", "steady", "store"]


def store(place: LeasePlace, identity: InitialIdentity) -> LeaseStore:
    """The store of a place, asked as the initial identity. Raises AwsError without a region."""
    match place.backend:
        case Backend.DYNAMODB:
            return DynamoDbStore.of(place, identity)
        case Backend.S3:
            return S3Store.of(place, identity)
