"""Status codes of a VPC peering connection, as AWS spells them.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
"""

ACTIVE = "active"
PENDING = "pending-acceptance"
PROVISIONING = "provisioning"
INITIATING = "initiating-request"
PROGRESS = (INITIATING, PENDING, PROVISIONING, ACTIVE)
"""The statuses of a live peering, in the order it passes through them."""

DEAD = frozenset({"failed", "expired", "rejected", "deleted", "deleting"})
"""Statuses that AWS shows for a while and that count as absent."""
