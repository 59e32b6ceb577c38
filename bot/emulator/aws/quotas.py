"""Service Quotas: the quotas that the emulator enforces, as it enforces them.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html and
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS
from moto.servicequotas.responses import ServiceQuotasResponse

from bot.emulator.aws.settings import QUOTAS, Settings
from bot.emulator.aws.world import World

_PAGE = 100


class QuotaCalls(ServiceQuotasResponse):
    """GetServiceQuota, ListServiceQuotas and their defaults."""

    world: ClassVar[World]

    def get_service_quota(self) -> str:
        code = self._parameters.get("QuotaCode")
        found = [q for q in self._quotas(self.world.settings) if q["QuotaCode"] == code]
        if not found:
            raise NoSuchResource
        return json.dumps({"Quota": found[0]})

    def get_aws_default_service_quota(self) -> str:
        code = self._parameters.get("QuotaCode")
        found = [q for q in self._quotas(Settings()) if q["QuotaCode"] == code]
        if not found:
            raise NoSuchResource
        return json.dumps({"Quota": found[0]})

    def list_service_quotas(self) -> str:
        return self._page(self._quotas(self.world.settings))

    def list_aws_default_service_quotas(self) -> str:
        return self._page(self._quotas(Settings()))

    @property
    def _parameters(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def _quotas(self, settings: Settings) -> list[dict[str, Any]]:
        if self._parameters.get("ServiceCode") != "vpc":
            raise NoSuchResource
        return [self._in_force(quota, settings) for quota in VPC_DEFAULT_QUOTAS]

    def _in_force(self, quota: dict[str, Any], settings: Settings) -> dict[str, Any]:
        code = quota["QuotaCode"]
        if code not in QUOTAS:
            return quota
        value = settings.quota(code, self.current_account, self.region)
        return {**quota, "Value": float(value)}

    def _page(self, quotas: list[dict[str, Any]]) -> str:
        start = int(self._parameters.get("NextToken") or 0)
        size = int(self._parameters.get("MaxResults") or _PAGE)
        answer: dict[str, Any] = {"Quotas": quotas[start : start + size]}
        if start + size < len(quotas):
            answer["NextToken"] = str(start + size)
        return json.dumps(answer)
