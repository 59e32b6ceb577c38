"""Where leases can be kept in an emulated AWS, by plain boto3, uncounted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.emulator.aws import Emulator
from bot.emulator.aws.calls import SEED, Call
from bot.emulator.aws.seed import client
from bot.model.lease_place import Backend, LeasePlace, read_place

HOME = "123456789012"
"""The account of the emulator's identity."""
REGION = "us-east-1"
TABLE, BUCKET, KEY = "locks", "lock-bucket", "net/prod"
LOCKS = (f"dynamodb://{TABLE}/{KEY}", f"s3://{BUCKET}/{KEY}")


@dataclass(frozen=True)
class Rooms:
    """A table and a bucket, looked into and changed from outside."""

    aws: Emulator
    dynamodb: Any
    s3: Any

    @classmethod
    def build(cls, aws: Emulator) -> Rooms:
        """Make both."""
        dynamodb, s3 = (client(aws.url, s, HOME, REGION, SEED, SEED) for s in ("dynamodb", "s3"))
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        s3.create_bucket(Bucket=BUCKET)
        return cls(aws, dynamodb, s3)

    def get(self, lock: str) -> str | None:
        """The text that is stored, or None."""
        place = _place(lock)
        if place.backend is Backend.DYNAMODB:
            item = self.dynamodb.get_item(TableName=TABLE, Key={"LockID": {"S": place.key}})
            return str(item["Item"]["Record"]["S"]) if "Item" in item else None
        try:
            with self.s3.get_object(Bucket=BUCKET, Key=place.key)["Body"] as body:
                return str(body.read().decode())
        except self.s3.exceptions.NoSuchKey:
            return None

    def put(self, lock: str, text: str) -> None:
        """Store a text, whatever was there."""
        place = _place(lock)
        if place.backend is Backend.DYNAMODB:
            item = {"LockID": {"S": place.key}, "Record": {"S": text}}
            self.dynamodb.put_item(TableName=TABLE, Item=item)
        else:
            self.s3.put_object(Bucket=BUCKET, Key=place.key, Body=text.encode())

    def remove(self, lock: str) -> None:
        """Delete what is there."""
        place = _place(lock)
        if place.backend is Backend.DYNAMODB:
            self.dynamodb.delete_item(TableName=TABLE, Key={"LockID": {"S": place.key}})
        else:
            self.s3.delete_object(Bucket=BUCKET, Key=place.key)

    def calls(self) -> list[Call]:
        """The counted calls about leases."""
        return [call for call in self.aws.calls() if call.service in ("dynamodb", "s3")]


def _place(lock: str) -> LeasePlace:
    place = read_place(lock)
    assert place is not None
    return place
