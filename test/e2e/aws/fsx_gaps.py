"""What moto's FSx lacks: life cycle, judgement of groups, its configuration, data repositories."""

import json
import uuid
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.fsx.exceptions import FileSystemNotFound
from moto.fsx.models import FileSystem, FSxBackend
from moto.fsx.responses import FSxResponse
from place import ACCOUNT, REGION

_associations: dict[str, dict[str, Any]] = {}
_plain = FileSystem.to_dict
_create = FSxBackend.create_file_system
_describe = FSxResponse.describe_file_systems


def install() -> None:
    FileSystem.to_dict = _to_dict
    FSxBackend.create_file_system = _create_file_system
    FSxResponse.describe_file_systems = _describe_file_systems
    FSxResponse.create_data_repository_association = _create_association
    FSxResponse.describe_data_repository_associations = _describe_associations
    FSxResponse.delete_data_repository_association = _delete_association


def _create_file_system(self: FSxBackend, **asked: Any) -> FileSystem:
    """Its servers must reach one another through the given groups at that very moment
    (docs.aws.amazon.com/fsx/latest/LustreGuide: cannot-create-fs.html, limit-access-security-groups.html)."""
    if asked["file_system_type"] == "LUSTRE":
        efa = bool((asked.get("lustre_configuration") or {}).get("EfaEnabled"))
        groups = asked.get("security_group_ids") or []
        inward, outward = ([one for group in groups for one in _rules(group, way)] for way in (False, True))
        if efa and not (_lets_all(inward, groups) and _lets_all(outward, groups)):
            raise JsonRESTError("BadRequest", _EFA_REFUSAL)
        if not efa and not all(_lets(rules, port, groups) for rules in (inward, outward) for port in _PORTS):
            raise JsonRESTError("InvalidNetworkSettings", _REFUSAL)
    return _create(self, **asked)


#: Between servers, and with clients.
_PORTS = (988, *range(1018, 1024))
_REFUSAL = (
    "The file system cannot be created because the default security group in the subnet provided or the "
    "provided security groups do not permit Lustre LNET network traffic on port 988"
)
_EFA_REFUSAL = (
    "Insufficient security group permissions to create an EFA-enabled file system. Update security group to "
    "allow all internal inbound and outbound traffic."
)


def _rules(group: str, is_outward: bool) -> list[SecurityGroupRule]:
    found = ec2_backends[ACCOUNT][REGION].get_security_group_from_id(group)
    return list(found.egress_rules if is_outward else found.ingress_rules)


def _lets(rules: list[SecurityGroupRule], port: int, groups: list[str]) -> bool:
    """Whether the servers reach one another there: by a group, or by a CIDR."""
    return any(
        (one.ip_protocol == "-1" or (one.ip_protocol == "tcp" and one.from_port <= port <= one.to_port))
        and (one.source_group.get("GroupId") in groups or one.ip_range)
        for one in rules
    )


def _lets_all(rules: list[SecurityGroupRule], groups: list[str]) -> bool:
    """For EFA only groups count: "CIDR-based rules, including 0.0.0.0/0, do not satisfy EFA requirements"."""
    return any(one.ip_protocol == "-1" and one.source_group.get("GroupId") in groups for one in rules)


def _describe_file_systems(self: FSxResponse) -> str:
    """Of a file system that is gone nobody says anything: that is an error, and the end of a deletion."""
    for number in json.loads(self.body).get("FileSystemIds") or []:
        if number not in self.fsx_backend.file_systems:
            raise FileSystemNotFound(number)
    return str(_describe(self))


def _to_dict(self: FileSystem) -> dict[str, Any]:
    described = _plain(self)
    described["Lifecycle"] = "AVAILABLE"
    described["OwnerId"] = ACCOUNT
    described["NetworkInterfaceIds"] = []
    described["VpcId"] = "vpc-of-subnet"
    described["FileSystemTypeVersion"] = "2.15"
    described.setdefault("KmsKeyId", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/fsx")
    lustre = dict(described.get("LustreConfiguration") or {})
    lustre.setdefault("MountName", "fsx" + self.file_system_id[-5:])
    lustre.setdefault("DataCompressionType", "NONE")
    lustre.setdefault("WeeklyMaintenanceStartTime", "7:05:00")
    lustre.setdefault("CopyTagsToBackups", False)
    lustre.setdefault("AutomaticBackupRetentionDays", 0)
    lustre.setdefault("LogConfiguration", {"Level": "DISABLED"})
    described["LustreConfiguration"] = lustre
    return described


def _create_association(self: FSxResponse) -> str:
    asked = json.loads(self.body)
    number = f"dra-{uuid.uuid4().hex[:17]}"
    made = {
        "AssociationId": number,
        "ResourceARN": f"arn:aws:fsx:{REGION}:{ACCOUNT}:association/{asked['FileSystemId']}/{number}",
        "Lifecycle": "AVAILABLE",
        **{name: value for name, value in asked.items() if name != "ClientRequestToken"},
    }
    _associations[number] = made
    return json.dumps({"Association": made})


def _describe_associations(self: FSxResponse) -> str:
    wanted = json.loads(self.body).get("AssociationIds") or list(_associations)
    found = [_associations[number] for number in wanted if number in _associations]
    return json.dumps({"Associations": found})


def _delete_association(self: FSxResponse) -> str:
    number = json.loads(self.body)["AssociationId"]
    _associations.pop(number, None)
    return json.dumps({"AssociationId": number, "Lifecycle": "DELETING"})
