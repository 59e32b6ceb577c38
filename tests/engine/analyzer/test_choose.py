"""Which pairs are worth asking about, which cannot be, and between which interfaces."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.engine.analyzer.choose import (
    MOST,
    Interfaces,
    Wanted,
    looked_for,
    named_pairs,
    offer,
    out_of_reach,
    worthwhile,
)
from bot.engine.analyzer.cost import PRICE, cost
from bot.errors import UsageError
from bot.model.address import AccountId, Scope, VpcRef, vpc_ref
from bot.model.analyzer import Interface
from bot.model.reachability import Obstacle, PairReach, Reason

A, B, ORG = "111111111111", "222222222222", AccountId("999999999999")
EAST, WEST, CHINA = "us-east-1", "eu-west-1", "cn-north-1"


def vpc(number: int, account: str = A, region: str = EAST) -> VpcRef:
    return vpc_ref(account, region, f"vpc-{number:08x}")


def wanted(one: VpcRef, other: VpcRef, why: Obstacle | None = None, name: str = "e") -> Wanted:
    return Wanted(name, PairReach(one, other, why), (block(one),), (block(other),))


def block(of: VpcRef) -> str:
    return f"10.{int(of.vpc_id[4:], 16)}.0.0/16"


def eni(of: VpcRef, name: str = "eni-1", subnet: str = "subnet-1", **more: bool) -> Interface:
    return Interface(name, of, subnet, block(of).replace("0.0/16", "0.9"), **more)


def everywhere(*vpcs: VpcRef) -> Interfaces:
    return Interfaces({of: (eni(of),) for of in vpcs}, {})


ONE, TWO, THREE = vpc(1), vpc(2), vpc(3)


# --- which


def test_each_cause_is_one_group_and_the_reachable_pairs_of_an_environment_another() -> None:
    table = Obstacle(Reason.NO_ROUTE, ONE, "subnet-a", "rtb-1", "10.2.0.0/16")
    same = Obstacle(Reason.NO_ROUTE, ONE, "subnet-b", "rtb-1", "10.3.0.0/16")
    acl = Obstacle(Reason.ACL, ONE, network_acl="acl-1")
    given = [
        wanted(TWO, THREE),
        wanted(ONE, TWO, table),
        wanted(ONE, THREE, same),
        wanted(TWO, ONE, acl),
        wanted(THREE, TWO),
        wanted(THREE, ONE, None, "f"),
    ]

    groups = worthwhile(given)

    assert groups == (
        (given[1], given[2]),
        (given[3],),
        (given[0], given[4]),
        (given[5],),
    )


@pytest.mark.parametrize(
    "reason",
    [
        Reason.UNKNOWN,
        Reason.MISSING_VPC,
        Reason.OVERLAP,
        Reason.NO_PEERING,
        Reason.SECURITY_GROUP,
    ],
)
def test_some_reasons_are_not_worth_the_money(reason: Reason) -> None:
    assert worthwhile([wanted(ONE, TWO, Obstacle(reason, ONE))]) == ()


def test_named_pairs_are_taken_in_their_direction_and_once() -> None:
    there, back = wanted(ONE, TWO), wanted(TWO, ONE)
    text = f"{ONE.vpc_id}:{TWO.vpc_id}"

    assert named_pairs([text, text], [there, back]) == ((there,),)


@pytest.mark.parametrize("text", ["", "vpc-1", "a:b", "vpc-00000001:vpc-00000009", "vpc-1:vpc-2\n"])
def test_what_is_no_wanted_pair_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--pair"):
        named_pairs([text], [wanted(ONE, TWO)])


# --- where


def test_regions_and_accounts_that_cannot_be_crossed_are_told() -> None:
    far, foreign = vpc(4, region=WEST), vpc(5, account=B)

    assert out_of_reach(PairReach(ONE, TWO), None) == ""
    assert "same Region" in out_of_reach(PairReach(ONE, far), ORG)
    assert "--analyzer-account" in out_of_reach(PairReach(ONE, foreign), None)
    assert out_of_reach(PairReach(ONE, foreign), ORG) == ""


def test_pairs_at_home_are_asked_there_and_others_through_the_account_that_may() -> None:
    foreign = vpc(5, account=B)
    groups = [(wanted(ONE, TWO),), (wanted(ONE, foreign),)]

    made = offer(groups, everywhere(ONE, TWO, foreign), ORG, named=True)

    assert [q.asker for q in made.questions] == [ONE.scope, Scope(ORG, ONE.scope.region)]
    assert [q.other_accounts for q in made.questions] == [(), (A, B)]


def test_interfaces_are_looked_for_only_where_something_can_be_asked() -> None:
    far = vpc(4, region=WEST)
    groups = [(wanted(ONE, TWO), wanted(ONE, far))]

    assert looked_for(groups, None) == {ONE.scope: {ONE.vpc_id, TWO.vpc_id}}


# --- between what


def test_the_subnet_that_suffers_goes_first_then_instances_then_what_is_not_managed() -> None:
    suffers = wanted(ONE, TWO, Obstacle(Reason.NO_ROUTE, ONE, "subnet-x", "rtb-1"))
    held = {
        ONE: (
            eni(ONE, "eni-1", attached=True),
            eni(ONE, "eni-2", "subnet-x", managed=True),
            eni(ONE, "eni-3", "subnet-x"),
        ),
        TWO: (eni(TWO, "eni-4", managed=True), eni(TWO, "eni-5"), eni(TWO, "eni-6", attached=True)),
    }

    (question,) = offer([(suffers,)], Interfaces(held, {}), None, named=False).questions

    assert (question.source.id, question.peer.id, question.note) == ("eni-3", "eni-6", "")


def test_another_subnet_than_the_reasons_is_noted() -> None:
    suffers = wanted(ONE, TWO, Obstacle(Reason.NO_ROUTE, ONE, "subnet-x", "rtb-1"))

    (question,) = offer([(suffers,)], everywhere(ONE, TWO), None, named=False).questions

    assert "subnet-x, which has no interface in use; asked about subnet-1" in question.note


def test_a_vpc_without_an_interface_an_address_that_is_not_routed_and_a_gap_are_told() -> None:
    unrouted = Interfaces({ONE: (eni(ONE),), TWO: (Interface("e", TWO, "s", "10.99.0.1"),)}, {})
    unread = Interfaces({ONE: (eni(ONE),)}, {TWO.scope: "could not be read: no"})
    given = [(wanted(ONE, TWO),)]

    whys = [
        offer(given, interfaces, None, named=True).unasked[0].why
        for interfaces in (everywhere(ONE), unrouted, unread)
    ]

    assert f"{TWO} has no network interface in use with an IPv4 address" in whys[0]
    assert f"no network interface of {TWO} has an address in 10.2.0.0/16" in whys[1]
    assert whys[2] == "could not be read: no"


def test_of_a_group_the_first_that_can_be_asked_speaks_for_all() -> None:
    group = (wanted(ONE, THREE), wanted(ONE, TWO))

    made = offer([group], everywhere(ONE, TWO), None, named=False)

    assert [(q.pair.source, q.pair.peer) for q in made.questions] == [(ONE, TWO)]
    assert made.unasked == ()


def test_the_choice_has_a_limit_and_names_have_none() -> None:
    peers = [vpc(n) for n in range(2, MOST + 5)]
    groups = [(wanted(ONE, peer),) for peer in peers]
    interfaces = everywhere(ONE, *peers)

    chosen, named = (offer(groups, interfaces, None, named=n) for n in (False, True))

    assert (len(chosen.questions), chosen.left_out) == (MOST, 3)
    assert (len(named.questions), named.left_out) == (MOST + 3, 0)


# --- for how much


def test_the_price_is_for_each_and_not_known_in_china() -> None:
    one, other = vpc(1, region=CHINA), vpc(2, region=CHINA)
    here = offer([(wanted(ONE, TWO),)] * 3, everywhere(ONE, TWO), None, named=True)
    there = offer([(wanted(one, other),)], everywhere(one, other), None, named=True)

    assert cost(here.questions) == 3 * PRICE == Decimal("0.30")
    assert cost(there.questions) is None
