"""What the network would do: who reaches whom, before a plan and after it, and why not.

A pure model. An ordered pair of members that an environment connects is *wanted*, unless
``cidr_overrides: []`` says that one of the two is not routed. It is *reachable* when a TCP
connection to some port can be opened from every subnet of the source to every address that
the peer is routed at, and its answers come back:

- both VPCs were read and exist, and a peering between them is active;
- in the table of every subnet of the source, each address of the peer's routed blocks is
  looked up by its longest prefix, and the route leads into that peering;
- the same from the peer's subnets to the source's routed blocks;
- the network ACLs of both let the request through to one port at least, for every address,
  and the answer to one ephemeral port at least (ACLs keep no state);
- of each entry of ``security_group_rules`` that is about traffic from the source to the peer,
  the security groups of both let all of it through, for every address of the routed blocks.

A VPC's subnets are those that share an address with its routed blocks, else all; where it has
none, the main route table speaks for those to come. Judged are the IP versions that both are
routed in and have subnets with.
"""

from bot.engine.reachability.afterwards import Asking, facts_after
from bot.engine.reachability.ask import read_subnets
from bot.engine.reachability.reach import concerned, found_now, unread, with_reachability

__all__ = [
    "Asking",
    "concerned",
    "facts_after",
    "found_now",
    "read_subnets",
    "unread",
    "with_reachability",
]
