"""Auto Scaling groups as EC2 runs them: a launch that fails is an activity of the group, which tries again.

docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html: the group is made, each failed launch
stands in its activities with the error of EC2, and the group goes on trying.
"""

import logging
import threading
import uuid
from datetime import datetime, timezone
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from place import ACCOUNT, REGION

_log = logging.getLogger(__name__)
_launch = FakeAutoScalingGroup.replace_autoscaling_group_instances
#: Of each group, the newest first, as the API lists them.
_activities: dict[str, list[dict[str, Any]]] = {}
_RETRY_SECONDS = 5.0
_create = AutoScalingResponse.create_auto_scaling_group
_describe = AutoScalingResponse.describe_auto_scaling_groups
#: Where and how a group takes reserved capacity, by its name.
_capacity: dict[str, dict[str, Any]] = {}


def install() -> None:
    FakeAutoScalingGroup.replace_autoscaling_group_instances = _replace
    AutoScalingResponse.describe_scaling_activities = _describe_scaling_activities
    AutoScalingResponse.create_auto_scaling_group = _create_auto_scaling_group
    AutoScalingResponse.describe_auto_scaling_groups = _describe_auto_scaling_groups


def keep_trying(ended: threading.Event) -> None:
    """Until `ended`, each group fills up what an earlier launch did not give it."""

    def run() -> None:
        while not ended.wait(_RETRY_SECONDS):
            try:
                fill(autoscaling_backends[ACCOUNT][REGION])
            except Exception:
                _log.exception("the groups go on")

    threading.Thread(target=run, daemon=True).start()


def fill(backend: AutoScalingBackend) -> None:
    for group in list(backend.autoscaling_groups.values()):
        if _activities.get(group.name, [{}])[0].get("StatusCode") == "Failed":
            group.set_desired_capacity(group.desired_capacity)


def _replace(self: FakeAutoScalingGroup, count_needed: int, propagated_tags: dict[str, str]) -> None:
    """One machine at a time: what there is is used."""
    for _ in range(count_needed):
        try:
            _launch(self, 1, propagated_tags)
        except EC2ClientError as error:
            _note(self, "Failed", f"{error.message}. Launching EC2 instance failed.")
            return
        _note(self, "Successful", "")


def _note(group: FakeAutoScalingGroup, status: str, message: str) -> None:
    at = datetime.now(timezone.utc).isoformat()
    activity = {
        "ActivityId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Description": "Launching a new EC2 instance",
        "Cause": "An instance was started in response to a difference between desired and actual capacity.",
        "StartTime": at,
        "EndTime": at,
        "StatusCode": status,
        "StatusMessage": message,
        "Progress": 100,
    }
    _activities.setdefault(group.name, []).insert(0, activity)


def preferred_reservations(group: str) -> list[str]:
    """Those that a group takes first; it goes on without them."""
    specification = _capacity.get(group, {})
    if specification.get("CapacityReservationPreference") != "capacity-reservations-first":
        return []
    target = specification.get("CapacityReservationTarget", {})
    return [str(one) for one in target.get("CapacityReservationIds", [])]


def _create_auto_scaling_group(self: AutoScalingResponse) -> ActionResult:
    """moto forgets the preference."""
    specification = self._get_params().get("CapacityReservationSpecification")
    if specification is not None:
        _capacity[self._get_param("AutoScalingGroupName")] = specification
    return _create(self)


def _describe_auto_scaling_groups(self: AutoScalingResponse) -> ActionResult:
    found = _describe(self)
    for group in found.result["AutoScalingGroups"]:
        group.capacity_reservation_specification = _capacity.get(group.name)
    return found


def _describe_scaling_activities(self: AutoScalingResponse) -> ActionResult:
    return ActionResult({"Activities": _activities.get(self._get_param("AutoScalingGroupName"), [])})
