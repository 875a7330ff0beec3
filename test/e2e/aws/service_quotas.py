"""What moto's Service Quotas lacks: those of EC2, as `limits` has them."""

from typing import Any

from limits import LIMITS
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse
from place import ACCOUNT, REGION

_get = ServiceQuotasBackend.get_service_quota
#: A code that is not limited: more than any test takes.
_ENOUGH = 100_000


def install() -> None:
    ServiceQuotasBackend.get_service_quota = _get_service_quota
    # The provider asks for both; of a new account they are the same.
    ServiceQuotasResponse.get_aws_default_service_quota = ServiceQuotasResponse.get_service_quota


def _get_service_quota(self: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
    if service_code != "ec2":
        return dict(_get(self, service_code, quota_code))
    return {
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaArn": f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:ec2/{quota_code}",
        "QuotaCode": quota_code,
        "QuotaName": f"Quota {quota_code}",
        "Value": float(LIMITS.vcpus.get(quota_code, _ENOUGH)),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
