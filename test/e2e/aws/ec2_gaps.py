"""What moto's EC2 lacks: placement groups, prefix lists, reserved addresses, monitoring, rules."""

from ipaddress import ip_address, ip_network
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses import EC2Response
from place import ACCOUNT, REGION

_PREFIX_LISTS = {
    f"com.amazonaws.{REGION}.s3": "pl-63a5400a",
    f"com.amazonaws.{REGION}.dynamodb": "pl-02cd2c6b",
}
_placement_groups: dict[str, dict[str, Any]] = {}
_cidr_reservations: dict[str, dict[str, Any]] = {}
#: Network, router, DNS, and one for later.
_OF_EC2 = 4


def install() -> None:
    for name, action in _ACTIONS.items():
        setattr(EC2Response, name, action)
    Subnet.get_available_subnet_ip = _get_available_subnet_ip
    SecurityGroupRule.__init__ = _rule
    SecurityGroupRule.description = property(_description)


# --- placement groups ---


def _create_placement_group(self: EC2Response) -> ActionResult:
    name = str(self._get_param("GroupName"))
    # "must be unique within your Amazon account for the Region" (docs.aws.amazon.com/AWSEC2/latest/UserGuide/
    # limitations-placement-groups.html).
    if name in _placement_groups:
        message = f"The placement group '{name}' already exists."
        raise EC2ClientError("InvalidPlacementGroup.Duplicate", message)
    group_id = f"pg-{abs(hash(name)):017x}"[:20]
    group = {
        "GroupName": name,
        "GroupId": group_id,
        "GroupArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:placement-group/{name}",
        "State": "available",
        "Strategy": self._get_param("Strategy"),
        "Tags": _tags(self, "placement-group"),
    }
    _placement_groups[name] = group
    return ActionResult({"PlacementGroup": group})


def _describe_placement_groups(self: EC2Response) -> ActionResult:
    wanted = self._get_param("GroupNames", [])
    for name in wanted:
        if name not in _placement_groups:
            raise EC2ClientError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    groups = [group for name, group in _placement_groups.items() if not wanted or name in wanted]
    return ActionResult({"PlacementGroups": groups})


def _delete_placement_group(self: EC2Response) -> ActionResult:
    name = str(self._get_param("GroupName"))
    instances = [i for i in self.ec2_backend.all_instances() if i.is_running()]
    if any(i.placement.group_name == name for i in instances):
        raise EC2ClientError("InvalidPlacementGroup.InUse", f"The placement group {name} is in use.")
    _placement_groups.pop(name, None)
    return ActionResult({})


# --- prefix lists ---


def _describe_prefix_lists(self: EC2Response) -> ActionResult:
    filters = self._filters_from_querystring()
    names = filters.get("prefix-list-name", list(_PREFIX_LISTS))
    lists = [
        {"PrefixListName": name, "PrefixListId": _PREFIX_LISTS[name], "Cidrs": ["52.216.0.0/15"]}
        for name in names
        if name in _PREFIX_LISTS
    ]
    return ActionResult({"PrefixLists": lists})


# --- rules of security groups ---

_make_rule = SecurityGroupRule.__init__


def _rule(self: SecurityGroupRule, *positional: Any, **named: Any) -> None:
    """Keeps the description of rules that name a group or a prefix list, too."""
    _make_rule(self, *positional, **named)
    sources = [one for one in (*positional, *named.values()) if isinstance(one, dict)]
    self.own_description = next((one["Description"] for one in sources if "Description" in one), None)


def _description(self: SecurityGroupRule) -> str | None:
    return self.ip_range.get("Description") or self.own_description


# --- reserved addresses ---

_free_address = Subnet.get_available_subnet_ip


def _create_subnet_cidr_reservation(self: EC2Response) -> ActionResult:
    number = f"scr-{len(_cidr_reservations):017x}"
    made = {
        "SubnetCidrReservationId": number,
        "SubnetId": self._get_param("SubnetId"),
        "Cidr": self._get_param("Cidr"),
        "ReservationType": self._get_param("ReservationType"),
        "OwnerId": ACCOUNT,
        "Description": self._get_param("Description"),
        "Tags": _tags(self, "subnet-cidr-reservation"),
    }
    _cidr_reservations[number] = made
    return ActionResult({"SubnetCidrReservation": made})


def _get_subnet_cidr_reservations(self: EC2Response) -> ActionResult:
    subnet = self._get_param("SubnetId")
    found = [one for one in _cidr_reservations.values() if one["SubnetId"] == subnet]
    return ActionResult({"SubnetIpv4CidrReservations": found, "SubnetIpv6CidrReservations": []})


def _delete_subnet_cidr_reservation(self: EC2Response) -> ActionResult:
    number = str(self._get_param("SubnetCidrReservationId"))
    return ActionResult({"DeletedSubnetCidrReservation": _cidr_reservations.pop(number)})


def _get_available_subnet_ip(self: Subnet, instance: Instance) -> str:
    """Nobody gets a reserved address without asking for it, nor the first four, which are EC2's."""
    reserved = [ip_network(one["Cidr"]) for one in _cidr_reservations.values() if one["SubnetId"] == self.id]
    while True:
        address = _free_address(self, instance)
        own = int(ip_address(address)) - int(self.cidr.network_address) >= _OF_EC2
        if own and not any(ip_address(address) in network for network in reserved):
            return address


# --- monitoring ---


def _monitor_instances(self: EC2Response) -> ActionResult:
    return _set_monitoring(self, "enabled")


def _unmonitor_instances(self: EC2Response) -> ActionResult:
    return _set_monitoring(self, "disabled")


def _set_monitoring(self: EC2Response, state: str) -> ActionResult:
    monitorings = []
    for number in self._get_param("InstanceIds", []):
        self.ec2_backend.get_instance(number).monitoring_state = state
        monitorings.append({"InstanceId": number, "Monitoring": {"State": state}})
    return ActionResult({"InstanceMonitorings": monitorings})


def _tags(response: EC2Response, kind: str) -> list[dict[str, str]]:
    tags = response._parse_tag_specification().get(kind, {})
    return [{"Key": key, "Value": value} for key, value in tags.items()]


_ACTIONS = {
    "create_subnet_cidr_reservation": _create_subnet_cidr_reservation,
    "get_subnet_cidr_reservations": _get_subnet_cidr_reservations,
    "delete_subnet_cidr_reservation": _delete_subnet_cidr_reservation,
    "monitor_instances": _monitor_instances,
    "unmonitor_instances": _unmonitor_instances,
    "create_placement_group": _create_placement_group,
    "describe_placement_groups": _describe_placement_groups,
    "delete_placement_group": _delete_placement_group,
    "describe_prefix_lists": _describe_prefix_lists,
}
