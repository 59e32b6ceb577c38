"""A lease as an item of a DynamoDB table whose partition key is ``LockID``, a string.

The key's name is that of the tables that Terraform locks with, so that one of those will do.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html ,
API_GetItem.html and API_DeleteItem.html
"""

from __future__ import annotations

from typing import Any

from botocore.client import BaseClient

from bot.adapters.aws.initial import InitialIdentity
from bot.adapters.lease.asking import ask, client
from bot.model.lease import LeaseRecord, Seen, Unreadable, read_record
from bot.model.lease_place import LeasePlace

KEY, RECORD = "LockID", "Record"
_TEXT, _OTHER = "=", "?"
"""A mark is the record's text, which no other write has, or says that there is none."""

_REFUSED = frozenset({"ConditionalCheckFailedException"})
_NONE: frozenset[str] = frozenset()


class DynamoDbStore:
    """One item. See ports.LeaseStore."""

    def __init__(self, client: BaseClient, table: str, key: str) -> None:
        self._client, self._table, self._key = client, table, {KEY: {"S": key}}

    @classmethod
    def of(cls, place: LeasePlace, identity: InitialIdentity) -> DynamoDbStore:
        """The item of a place. Raises AwsError."""
        return cls(client(place, identity), place.name, place.key)

    def read(self) -> Seen:
        """What is there now (a consistent read)."""
        given = {"TableName": self._table, "Key": self._key, "ConsistentRead": True}
        answer = ask(self._client, "dynamodb:GetItem", given, _NONE)
        item = answer.value.get("Item")
        if not item:
            return Seen(None, date=answer.date)
        text = item.get(RECORD, {}).get("S")
        if text is None:
            return Seen(Unreadable(f"the item has no text {RECORD}"), _OTHER, answer.date)
        return Seen(read_record(text), _TEXT + text, answer.date)

    def write(self, record: LeaseRecord, over: str) -> Seen | None:
        """See ports.LeaseStore."""
        given = {
            "TableName": self._table,
            "Item": {**self._key, RECORD: {"S": record.text}},
            **_condition(over),
        }
        answer = ask(self._client, "dynamodb:PutItem", given, _REFUSED)
        return None if answer.refusal else Seen(record, _TEXT + record.text, answer.date)

    def delete(self, over: str) -> bool:
        """See ports.LeaseStore."""
        given = {"TableName": self._table, "Key": self._key, **_condition(over)}
        return not ask(self._client, "dynamodb:DeleteItem", given, _REFUSED).refusal


def _condition(over: str) -> dict[str, Any]:
    if not over:
        names, condition, value = {"#key": KEY}, "attribute_not_exists(#key)", ""
    elif over == _OTHER:
        names, value = {"#key": KEY, "#record": RECORD}, "S"
        condition = "attribute_exists(#key) AND NOT attribute_type(#record, :value)"
    else:
        names, condition = {"#record": RECORD}, "#record = :value"
        value = over.removeprefix(_TEXT)
    values = {"ExpressionAttributeValues": {":value": {"S": value}}} if over else {}
    return {"ConditionExpression": condition, "ExpressionAttributeNames": names, **values}
