"""What moto's FSx lacks: life cycle, the configuration as FSx completes it, and data repositories."""

import json
import uuid
from typing import Any

from moto.fsx.exceptions import FileSystemNotFound
from moto.fsx.models import FileSystem
from moto.fsx.responses import FSxResponse
from place import ACCOUNT, REGION

_associations: dict[str, dict[str, Any]] = {}
_plain = FileSystem.to_dict
_describe = FSxResponse.describe_file_systems


def install() -> None:
    FileSystem.to_dict = _to_dict
    FSxResponse.describe_file_systems = _describe_file_systems
    FSxResponse.create_data_repository_association = _create_association
    FSxResponse.describe_data_repository_associations = _describe_associations
    FSxResponse.delete_data_repository_association = _delete_association


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
