"""The metadata service as machines see it: IMDSv2 only, each machine known by its address."""

import json
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any

from ec2_machines import user_data_of
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.sts.models import sts_backends
from place import ACCOUNT, REGION

_HOURS_OF_CREDENTIALS = 6
_CLOUD_INIT = ("Cloud-Init/", "python-requests/")
#: The newest; all others answer the same.
_VERSION = "2021-03-23"


class Metadata:
    def __init__(self) -> None:
        self._tokens: set[str] = set()
        #: Role by access key: who calls the API.
        self.roles: dict[str, str] = {}
        self._credentials: dict[str, dict[str, str]] = {}

    def answer(self, method: str, path: str, headers: Any, address: str) -> tuple[int, bytes]:
        if path == "/latest/api/token":
            if method != "PUT" or "HTTP_X_AWS_EC2_METADATA_TOKEN_TTL_SECONDS" not in headers:
                return 400, b""
            token = secrets.token_urlsafe(32)
            self._tokens.add(token)
            return 200, token.encode()
        instance = instance_at(address)
        if instance is None:
            return 404, b""
        # cloud-init asks for a token only where it sees hardware of EC2, and in a container it looks at none.
        is_known = headers.get("HTTP_USER_AGENT", "").startswith(_CLOUD_INIT)
        has_token = headers.get("HTTP_X_AWS_EC2_METADATA_TOKEN") in self._tokens
        if instance.metadata_options.http_tokens == "required" and not has_token and not is_known:
            return 401, b""
        parts = path.strip("/").split("/", 1)
        if parts == [""]:
            return 200, f"{_VERSION}\nlatest".encode()
        return self._below(instance, parts[1] if len(parts) > 1 else "")

    def _below(self, instance: Instance, path: str) -> tuple[int, bytes]:
        if path == "user-data":
            data = user_data_of(instance)
            return (200, data) if data else (404, b"")
        if path == "dynamic/instance-identity/document":
            return 200, json.dumps(_identity(instance)).encode()
        if path.rstrip("/") == "dynamic/instance-identity":
            return 200, b"document"
        node: Any = {"dynamic": {"instance-identity": {}}, "meta-data": self._tree(instance), "user-data": ""}
        for name in [part for part in path.split("/") if part]:
            if not isinstance(node, dict) or name not in node:
                return 404, b""
            node = node[name]
        if not isinstance(node, dict):
            return 200, str(node).encode()
        entries = [f"{name}/" if isinstance(child, dict) else name for name, child in node.items()]
        return 200, "\n".join(entries).encode()

    def _tree(self, instance: Instance) -> dict[str, Any]:
        tree: dict[str, Any] = {
            "ami-id": instance.image_id,
            "hostname": instance.private_dns_name,
            "local-hostname": instance.private_dns_name,
            "instance-id": instance.id,
            "instance-type": instance.instance_type,
            "local-ipv4": instance.private_ip,
            "placement": {"availability-zone": instance.availability_zone, "region": REGION},
        }
        role = role_of(instance)
        if role is not None:
            credentials = json.dumps(self._credentials_of(instance, role))
            tree["iam"] = {"security-credentials": {role: credentials}}
        return tree

    def _credentials_of(self, instance: Instance, role: str) -> dict[str, str]:
        if instance.id not in self._credentials:
            end = datetime.now(timezone.utc) + timedelta(hours=_HOURS_OF_CREDENTIALS)
            taken = sts_backends[ACCOUNT]["aws"].assume_role(
                region_name=REGION,
                role_session_name=instance.id,
                role_arn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
                policy="",
                duration=_HOURS_OF_CREDENTIALS * 3600,
                external_id="",
            )
            self.roles[taken.access_key_id] = role
            self._credentials[instance.id] = {
                "Code": "Success",
                "Type": "AWS-HMAC",
                "LastUpdated": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "AccessKeyId": taken.access_key_id,
                "SecretAccessKey": taken.secret_access_key,
                "Token": taken.session_token,
                "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        return self._credentials[instance.id]


def instance_at(address: str) -> Instance | None:
    """The machine that lives at an address now."""
    for instance in ec2_backends[ACCOUNT][REGION].all_instances():
        if instance.is_running() and instance.private_ip == address:
            return instance
    return None


def role_of(instance: Instance) -> str | None:
    association = ec2_backends[ACCOUNT][REGION].iam_instance_profile_associations.get(instance.id)
    if association is None:
        return None
    return next((str(role.name) for role in association.iam_instance_profile.roles), None)


def _identity(instance: Instance) -> dict[str, Any]:
    return {
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": instance.availability_zone,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "privateIp": instance.private_ip,
        "region": REGION,
        "version": "2017-09-30",
    }
