"""Reachability Analyzer's calls, and the network interfaces that its paths start and end at."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult

from bot.emulator.aws.base import Calls
from bot.emulator.aws.errors import EC2ClientError, invalid_value, not_found, not_permitted
from bot.emulator.aws.filters import Getter
from bot.emulator.aws.insight_judge import interface, judge
from bot.emulator.aws.insights import End, Path, PathAnalysis
from bot.emulator.aws.peerings import Place

_INTERFACE_FILTERS: dict[str, Getter[Any]] = {
    "attachment.instance-id": lambda e: [e.instance.id if e.instance else None],
    "group-id": lambda e: [group.id for group in e.group_set],
    "interface-type": lambda e: [e.interface_type],
    "network-interface-id": lambda e: [e.id],
    "owner-id": lambda e: [e.owner_id],
    "private-ip-address": lambda e: [e.private_ip_address],
    "requester-managed": lambda e: [e.requester_managed],
    "status": lambda e: [e.status],
    "subnet-id": lambda e: [e.subnet_id],
    "vpc-id": lambda e: [e.vpc_id],
}

_ARN = re.compile(r"arn:[^:]+:ec2:([^:]+):([0-9]{12}):network-interface/(eni-[0-9a-f]+)")


class InsightCalls(Calls):
    """DescribeNetworkInterfaces; paths and analyses: create, start, describe and delete."""

    def describe_network_interfaces(self) -> ActionResult:
        return self.listing(
            "DescribeNetworkInterfaces",
            "NetworkInterfaces",
            ids="NetworkInterfaceIds",
            items=dict(self.backend.enis),
            missing=lambda i: not_found("InvalidNetworkInterfaceID", "networkInterface", i),
            getters=_INTERFACE_FILTERS,
            value=_interface_value,
        )

    def create_network_insights_path(self) -> ActionResult:
        self.error_on_dryrun()
        tags = self.specified_tags("network-insights-path")
        token = self.required("ClientToken")
        made = next((p for p in self._paths().values() if p.token == token), None)
        if made is None:
            made = Path(
                f"nip-{secrets.token_hex(8)}",
                self.place,
                self._end("Source"),
                self._end("Destination"),
                self.required("Protocol"),
                token,
            )
            if made.source.place.region != made.destination.place.region:
                raise not_permitted("Source and destination must be in the same Region.")
            self.world.insights.paths[made.id] = made
            self.write_tags(made.id, tags)
        return self.answer(
            "CreateNetworkInsightsPath", {"NetworkInsightsPath": self._path_value(made)}
        )

    def start_network_insights_analysis(self) -> ActionResult:
        self.error_on_dryrun()
        tags = self.specified_tags("network-insights-analysis")
        token, path = self.required("ClientToken"), self._path()
        made = next((a for a in self._analyses().values() if a.token == token), None)
        if made is None:
            accounts = tuple(self._get_param("AdditionalAccounts") or ())
            self._check_crossing(path, accounts)
            ends = self.world.now() + self.world.settings.analysis_seconds
            made = PathAnalysis(f"nia-{secrets.token_hex(8)}", path, token, ends, accounts)
            judge(self.world, made)
            self.world.insights.analyses[made.id] = made
            self.write_tags(made.id, tags)
        return self.answer(
            "StartNetworkInsightsAnalysis", {"NetworkInsightsAnalysis": self._value(made)}
        )

    def describe_network_insights_paths(self) -> ActionResult:
        return self.listing(
            "DescribeNetworkInsightsPaths",
            "NetworkInsightsPaths",
            ids="NetworkInsightsPathIds",
            items=self._paths(),
            missing=_no_path,
            getters={"protocol": lambda p: [p.protocol]},
            value=self._path_value,
        )

    def describe_network_insights_analyses(self) -> ActionResult:
        return self.listing(
            "DescribeNetworkInsightsAnalyses",
            "NetworkInsightsAnalyses",
            ids="NetworkInsightsAnalysisIds",
            items=self._analyses(),
            missing=_no_analysis,
            getters={"status": lambda a: [self._status(a)]},
            value=self._value,
        )

    def delete_network_insights_analysis(self) -> ActionResult:
        self.error_on_dryrun()
        identifier = self.required("NetworkInsightsAnalysisId")
        if identifier not in self._analyses():
            raise _no_analysis(identifier)
        del self.world.insights.analyses[identifier]
        return self.answer(
            "DeleteNetworkInsightsAnalysis", {"NetworkInsightsAnalysisId": identifier}
        )

    def delete_network_insights_path(self) -> ActionResult:
        self.error_on_dryrun()
        path = self._path()
        if any(analysis.path is path for analysis in self._analyses().values()):
            raise EC2ClientError(
                "AnalysisExistsForNetworkInsightsPath", f"{path.id} has analyses: delete them first"
            )
        del self.world.insights.paths[path.id]
        return self.answer("DeleteNetworkInsightsPath", {"NetworkInsightsPathId": path.id})

    def _paths(self) -> dict[str, Path]:
        return {i: p for i, p in self.world.insights.paths.items() if p.place == self.place}

    def _analyses(self) -> dict[str, PathAnalysis]:
        every = self.world.insights.analyses.items()
        return {i: a for i, a in every if a.path.place == self.place}

    def _path(self) -> Path:
        identifier = self.required("NetworkInsightsPathId")
        path = self._paths().get(identifier)
        if path is None:
            raise _no_path(identifier)
        return path

    def _end(self, name: str) -> End:
        """An id of one's own, or an ARN."""
        given = self.required(name)
        match = _ARN.fullmatch(given)
        end = End(Place(match[2], match[1]), match[3]) if match else End(self.place, given)
        if interface(self.world, end) is None:
            why = "It is no network interface that is there."
            raise invalid_value(given, name[0].lower() + name[1:], why)
        return end

    def _check_crossing(self, path: Path, accounts: tuple[str, ...]) -> None:
        """Only the management account or a delegated administrator looks into other accounts."""
        others = {end.place.account for end in (path.source, path.destination)}
        others -= {self.place.account}
        administers = self.place.account in self.world.settings.analyzer_accounts
        if others - set(accounts) or (others and not administers):
            raise not_permitted("Trusted access for cross-account analyses is not enabled.")

    def _status(self, analysis: PathAnalysis) -> str:
        if self.world.now() < analysis.ends:
            return "running"
        return "failed" if analysis.failure else "succeeded"

    def _value(self, analysis: PathAnalysis) -> dict[str, Any]:
        status = self._status(analysis)
        done = status == "succeeded"
        return {
            "NetworkInsightsAnalysisId": analysis.id,
            "NetworkInsightsPathId": analysis.path.id,
            "AdditionalAccounts": analysis.accounts or None,
            "Status": status,
            "StartDate": datetime.now(UTC),
            "StatusMessage": analysis.failure if status == "failed" else None,
            "NetworkPathFound": not analysis.explanations if done else None,
            "Explanations": analysis.explanations if done else None,
            "Tags": self.tag_set(analysis.id) or None,
        }

    def _path_value(self, path: Path) -> dict[str, Any]:
        return {
            "NetworkInsightsPathId": path.id,
            "Source": path.source.id,
            "Destination": path.destination.id,
            "Protocol": path.protocol,
            "Tags": self.tag_set(path.id) or None,
        }


def _no_path(identifier: str) -> EC2ClientError:
    return not_found("InvalidNetworkInsightsPathId", "network insights path", identifier)


def _no_analysis(identifier: str) -> EC2ClientError:
    return not_found("InvalidNetworkInsightsAnalysisId", "network insights analysis", identifier)


def _interface_value(held: Any) -> dict[str, Any]:
    attached = held.attachment_id is not None
    return {
        "NetworkInterfaceId": held.id,
        "VpcId": held.vpc_id,
        "SubnetId": held.subnet_id,
        "OwnerId": held.owner_id,
        "Status": held.status,
        "InterfaceType": held.interface_type,
        "RequesterManaged": held.requester_managed,
        "PrivateIpAddress": held.private_ip_address,
        "Groups": [{"GroupId": g.id, "GroupName": g.name} for g in held.group_set],
        "Attachment": {
            "AttachmentId": held.attachment_id,
            "InstanceId": held.instance.id if held.instance else None,
            "Status": "attached",
        }
        if attached
        else None,
    }
