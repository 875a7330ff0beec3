"""Instances as their launch template says, which moto reads only a part of."""

import base64
from typing import Any

import groups
import launches
from limits import LIMITS
from moto.autoscaling.models import ASG_NAME_TAG
from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import AMIS
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.responses import EC2Response

_run = EC2Backend.run_instances
_describe_versions = EC2Response.describe_launch_template_versions


def install() -> None:
    EC2Backend.run_instances = _run_instances
    launches.note_ends(LIMITS)
    EC2Response.describe_launch_template_versions = _describe_launch_template_versions


def template_data(instance: Instance) -> dict[str, Any] | None:
    """The version of the launch template that an instance was started from; `None`: it is being made."""
    return getattr(instance, "template", None)


def _run_instances(
    self: EC2Backend,
    image_id: str,
    count: int,
    user_data: Base64EncodedString | None,
    security_group_names: list[str],
    **settings: Any,
) -> Reservation:
    """As EC2: address, subnet, groups, profile and options come from the template where nobody says more."""
    template: dict[str, Any] = {}
    if settings.get("launch_template"):
        template = self._get_template_from_args(settings["launch_template"]).data
    interfaces = template.get("NetworkInterfaces", [])
    _refuse_contradictions(interfaces, settings)
    primary = _primary(interfaces)
    if primary.get("SubnetId"):
        settings["subnet_id"] = primary["SubnetId"]
    if primary.get("PrivateIpAddress"):
        settings["private_ip"] = primary["PrivateIpAddress"]
    settings.setdefault("metadata_options", {})
    settings["metadata_options"] = {**template.get("MetadataOptions", {}), **settings["metadata_options"]}
    if _is_true(template.get("Monitoring", {}).get("Enabled")):
        settings["monitoring_state"] = "enabled"
    if _is_true(template.get("EbsOptimized")):
        settings["ebs_optimized"] = True
    if primary.get("Groups"):
        settings["security_group_ids"] = primary["Groups"]
    profile = template.get("IamInstanceProfile", {}).get("Name")
    group = settings.get("tags", {}).get("instance", {}).get(ASG_NAME_TAG, "")
    asked = _launch(template, count, settings, profile, primary)
    launch = launches.preferred(self, LIMITS, asked, groups.preferred_reservations(group))
    launches.judge(self, LIMITS, launch)
    image = _resolved(image_id or template.get("ImageId", ""))
    made = _run(self, image, count, user_data, security_group_names, **settings)
    for instance in made.instances:
        instance.template = template
        instance.reservation = launches.reservation_of(launch.template)
        instance.placement.group_name = template.get("Placement", {}).get("GroupName", "")
        if profile is not None and not settings.get("iam_instance_profile_name"):
            self.associate_iam_instance_profile(instance_id=instance.id, iam_instance_profile_name=profile)
    return made


def _launch(
    template: dict[str, Any],
    count: int,
    settings: dict[str, Any],
    profile: str | None,
    primary: dict[str, Any],
) -> launches.Launch:
    kind = template.get("InstanceType") or settings.get("instance_type", "")
    tags = settings.get("tags", {}).get("instance", {})
    return launches.Launch(
        instance_type=str(kind),
        count=count,
        template=template,
        profile=profile or "",
        address=str(primary.get("PrivateIpAddress", "")),
        by_group=ASG_NAME_TAG in tags,
    )


def _refuse_contradictions(interfaces: list[dict[str, Any]], settings: dict[str, Any]) -> None:
    """What EC2 refuses where the template has network interfaces."""
    if interfaces and any(settings.get(name) for name in ("private_ip", "associate_public_ip")):
        message = "Network interfaces and an instance-level address may not be specified on the same request"
        raise EC2ClientError("InvalidParameterCombination", message)
    if len(interfaces) > 1 and any("AssociatePublicIpAddress" in one for one in interfaces):
        message = "A public address cannot be specified when launching with multiple network interfaces"
        raise EC2ClientError("InvalidParameterCombination", message)


def _primary(interfaces: list[dict[str, Any]]) -> dict[str, Any]:
    for one in interfaces:
        if int(one.get("DeviceIndex", 0)) == 0 and int(one.get("NetworkCardIndex", 0)) == 0:
            return one
    return {}


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


def user_data_of(instance: Instance) -> bytes:
    """As IMDS gives it: what was stored, without its base64."""
    return base64.b64decode(str(instance.user_data)) if instance.user_data else b""


def _resolved(image_id: str) -> str:
    """`resolve:ssm:` names a public parameter; all of them name the one image there is."""
    return str(AMIS[0]["ami_id"]) if image_id.startswith("resolve:ssm:/aws/service/") else image_id


def _describe_launch_template_versions(self: EC2Response) -> ActionResult:
    """Tags of the template itself are none of its machines; an alias is resolved where that is asked for."""
    versions = []
    for version in _describe_versions(self).result["LaunchTemplateVersions"]:
        data = dict(version["LaunchTemplateData"])
        tags = data.get("TagSpecifications", [])
        data["TagSpecifications"] = [one for one in tags if one["ResourceType"] != "launch-template"]
        if _is_true(self._get_param("ResolveAlias")):
            data["ImageId"] = _resolved(data["ImageId"])
        versions.append({**version, "LaunchTemplateData": data})
    return ActionResult({"LaunchTemplateVersions": versions})
