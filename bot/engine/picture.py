"""The mesh after the plan, as a graph to draw."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from bot.model.address import VPC_PEERING_CONNECTION, Address, Pair, peering_address
from bot.model.change import (
    Action,
    Change,
    Existence,
    Membership,
    MeshPicture,
    Movement,
    PictureConnection,
    PictureMember,
)
from bot.model.mesh import Mesh
from bot.model.topology import connected_members


def picture(
    mesh: Mesh,
    moves: Iterable[Membership],
    changes: Iterable[Change[Any]],
    available: Container[Address],
) -> MeshPicture:
    """Members and connections of each environment: new, kept and going."""
    moved = {(m.environment, m.vpc): m for m in moves}
    peerings = {c.address: c for c in changes if c.address.kind == VPC_PEERING_CONNECTION}
    members = {
        PictureMember(
            env.name,
            m.vpc,
            Existence.NEW if (env.name, m.vpc) in moved else Existence.KEPT,
            m.note,
        )
        for _, env in mesh
        for m in env.present
    }
    members |= {
        PictureMember(m.environment, m.vpc, Existence.GOING, m.note)
        for m in moved.values()
        if m.movement is Movement.LEAVES
    }
    connections = {
        PictureConnection(name, change.held.pair.first, change.held.pair.second, Existence.GOING)
        for change in peerings.values()
        if change.action is Action.DELETE
        for name in change.environments
    }
    for _, env in mesh:
        for one, other in connected_members(env):
            pair = Pair.of(one.vpc, other.vpc)
            address = peering_address(pair)
            if address in available:
                change = peerings.get(address)
                new = change is not None and change.action is Action.CREATE
                existence = Existence.NEW if new else Existence.KEPT
                connections.add(PictureConnection(env.name, pair.first, pair.second, existence))
    drawn = sorted(connections, key=lambda connection: connection.sort_key)
    return MeshPicture(tuple(sorted(members)), tuple(drawn))
