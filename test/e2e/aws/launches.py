"""Whether EC2 starts a machine. Each rule names the page of AWS on which it stands.

errors: docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
"""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from limits import Capacity, Limits
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from place import ACCOUNT, REGION

#: The role with which a group starts machines; IAM has it without anybody's doing.
GROUP_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)
#: What a volume with a customer's key takes: the key for data, and grants for EBS.
_KEY_OPERATIONS = {"Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"}
#: Quotas on running on-demand machines, by the first letters of their types (docs.aws.amazon.com/ec2/latest/
#: instancetypes/ec2-instance-quotas.html).
_QUOTAS = {"p": "L-417A185B", "g": "L-DB2E81BA", "gr": "L-DB2E81BA", "trn": "L-2C3B7624", "inf": "L-1945791B"}
_STANDARD = "L-1216C47A"
#: When the last machine at an address ended.
_ended: dict[str, float] = {}


@dataclasses.dataclass(frozen=True)
class Launch:
    """What a call of RunInstances asks for, template and parameters together."""

    instance_type: str
    count: int
    template: dict[str, Any]
    profile: str = ""
    address: str = ""
    #: Whether an Auto Scaling group asks.
    by_group: bool = False


def quota_code(instance_type: str) -> str:
    letters = re.match(r"[a-z]+", instance_type)
    return _QUOTAS.get(letters[0] if letters else "", _STANDARD)


def vcpus(instance_type: str) -> int:
    return int(INSTANCE_TYPES[instance_type]["VCpuInfo"]["DefaultVCpus"])


def judge(backend: EC2Backend, limits: Limits, launch: Launch) -> None:
    """Raises the error of EC2 where it would not start the machines."""
    _profile(limits, launch)
    _quota(backend, limits, launch)
    _address(backend, limits, launch)
    _key(launch)
    _reservation(backend, limits, launch)
    if limits.empty_launches > 0:
        limits.empty_launches -= 1
        raise _empty(launch.instance_type)
    if launch.by_group and limits.empty_group_launches > 0:
        limits.empty_group_launches -= 1
        raise _empty(launch.instance_type)


def _profile(limits: Limits, launch: Launch) -> None:
    """IAM is eventually consistent: what was just made is not there yet
    (docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency)."""
    for profile in iam_backends[ACCOUNT]["aws"].instance_profiles.values():
        if profile.name == launch.profile and limits.now() - _seen(profile, limits) < limits.profile_seconds:
            message = f"Value ({launch.profile}) for parameter iamInstanceProfile.name is invalid."
            raise EC2ClientError("InvalidParameterValue", f"{message} Invalid IAM Instance Profile name")


def _seen(thing: Any, limits: Limits) -> float:
    """When it was first looked at: IAM's own times are rounded to seconds, and of another clock."""
    if not hasattr(thing, "seen_at"):
        thing.seen_at = limits.now()
    return float(thing.seen_at)


def _quota(backend: EC2Backend, limits: Limits, launch: Launch) -> None:
    """errors: VcpuLimitExceeded."""
    code = quota_code(launch.instance_type)
    if code not in limits.vcpus or _is_block(launch):
        return
    running = [one.instance_type for one in backend.all_instances() if one.is_running()]
    used = sum(vcpus(one) for one in running if quota_code(one) == code)
    if used + launch.count * vcpus(launch.instance_type) > limits.vcpus[code]:
        raise EC2ClientError(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {limits.vcpus[code]} "
            "allows for the instance bucket that the specified instance type belongs to. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )


def _address(backend: EC2Backend, limits: Limits, launch: Launch) -> None:
    """errors: InvalidIPAddress.InUse. An interface is deleted some time after its machine has ended."""
    if not launch.address:
        return
    held = [one for one in backend.all_instances() if one.private_ip == launch.address and one.is_running()]
    ended = _ended.get(launch.address)
    if held or (ended is not None and limits.now() - ended < limits.address_seconds):
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {launch.address} is in use.")


def note_ends(limits: Limits) -> None:
    """From now on the emulator knows when the address of a machine was given up."""
    terminate = EC2Backend.terminate_instances

    def terminate_instances(backend: EC2Backend, ids: list[str]) -> Any:
        ending = [one for one in backend.all_instances() if one.id in ids and one.is_running()]
        answer = terminate(backend, ids)
        for one in ending:
            _ended[str(one.private_ip)] = limits.now()
            if one.subnet_id:
                # moto keeps it as long as the interface, which may stay.
                backend.get_subnet(one.subnet_id).del_subnet_ip(str(one.private_ip))
        return answer

    EC2Backend.terminate_instances = terminate_instances


def _key(launch: Launch) -> None:
    """A customer's key is not the group's to use (docs.aws.amazon.com/autoscaling/ec2/userguide/
    key-policy-requirements-EBS-encryption.html)."""
    for key in _keys(launch.template):
        grants = kms_backends[ACCOUNT][REGION].list_grants(key, grant_id=None)
        may = any(
            one.grantee_principal == GROUP_ROLE and set(one.operations) >= _KEY_OPERATIONS for one in grants
        )
        policy = str(kms_backends[ACCOUNT][REGION].keys[key].policy)
        if launch.by_group and not may and GROUP_ROLE not in policy:
            raise EC2ClientError("Client.InternalError", "Client error on launch")


def _keys(template: dict[str, Any]) -> Iterator[str]:
    for mapping in template.get("BlockDeviceMappings", []):
        if mapping.get("Ebs", {}).get("KmsKeyId"):
            yield str(mapping["Ebs"]["KmsKeyId"]).split("/")[-1]


def _reservation(backend: EC2Backend, limits: Limits, launch: Launch) -> None:
    number = _target(launch)
    if number is None:
        return
    if number not in limits.reservations:
        message = f"The capacity reservation '{number}' does not exist."
        raise EC2ClientError("InvalidCapacityReservationId.NotFound", message)
    reserved = limits.reservations[number]
    _block(launch, reserved)
    age = limits.now() - reserved.made
    if not reserved.begins_in <= age < reserved.ends_in:
        raise _full()
    if reserved.instance_type != launch.instance_type:
        message = f"The instance type of '{number}' is {reserved.instance_type}, not {launch.instance_type}."
        raise EC2ClientError("InvalidParameterValue", message)
    group = launch.template.get("Placement", {}).get("GroupName", "")
    # docs.aws.amazon.com/AWSEC2/latest/UserGuide/cr-cpg.html: capacity is in a placement group only if it was
    # reserved there.
    if group not in ("", reserved.placement_group):
        raise _empty(launch.instance_type)
    used = sum(
        getattr(one, "reservation", None) == number for one in backend.all_instances() if one.is_running()
    )
    if used + launch.count > reserved.count:
        raise _full()


def preferred(backend: EC2Backend, limits: Limits, launch: Launch, reservations: list[str]) -> Launch:
    """In the first reservation with room that a group prefers, else on demand
    (docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CapacityReservationSpecification.html)."""
    for number in reservations:
        target = {"CapacityReservationTarget": {"CapacityReservationId": number}}
        template = {**launch.template, "CapacityReservationSpecification": target}
        inside = dataclasses.replace(launch, template=template)
        try:
            _reservation(backend, limits, inside)
            return inside
        except EC2ClientError as error:
            if error.code != "ReservationCapacityExceeded":
                raise
    return launch


def _full() -> EC2ClientError:
    """errors: ReservationCapacityExceeded. What has not begun or has ended has no machines either."""
    message = "The requested reservation does not have sufficient compatible and available capacity"
    return EC2ClientError("ReservationCapacityExceeded", f"{message} for this request.")


def _block(launch: Launch, reserved: Capacity) -> None:
    """A block needs its market type, and takes no placement group
    (docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-blocks-launch.html and capacity-blocks-how.html)."""
    if reserved.is_block != _is_block(launch):
        message = "The market type and the capacity reservation do not match."
        raise EC2ClientError("InvalidParameterCombination", message)
    if reserved.is_block and launch.template.get("Placement", {}).get("GroupName"):
        message = "Capacity Blocks do not support placement groups."
        raise EC2ClientError("InvalidParameterCombination", message)


def _is_block(launch: Launch) -> bool:
    return bool(launch.template.get("InstanceMarketOptions", {}).get("MarketType") == "capacity-block")


def _target(launch: Launch) -> str | None:
    specification = launch.template.get("CapacityReservationSpecification", {})
    number = specification.get("CapacityReservationTarget", {}).get("CapacityReservationId")
    return str(number) if number else None


def _empty(instance_type: str) -> EC2ClientError:
    """errors: InsufficientInstanceCapacity."""
    message = (
        f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you "
        f"requested ({REGION}a). Our system will be working on provisioning additional capacity"
    )
    return EC2ClientError("InsufficientInstanceCapacity", message)


def reservation_of(template: dict[str, Any]) -> str | None:
    return _target(Launch("", 0, template))
