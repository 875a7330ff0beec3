"""How many accelerators this node has."""

import glob
from collections.abc import Mapping
from dataclasses import dataclass

from ray_node.config.schema import Accelerators


@dataclass(frozen=True)
class Devices:
    """Accelerators found on the node, beside what the plan says."""

    found: int
    planned: int
    resource: str | None

    @property
    def announced(self) -> int:
        """What Ray is told: never more than planned, so a larger machine keeps to the plan."""
        return min(self.found, self.planned)

    def __str__(self) -> str:
        return f"{self.found} of {self.planned} {self.resource or 'accelerators'}"


def count(accelerators: Accelerators, environment: Mapping[str, str]) -> Devices:
    """Count the device nodes, less those that the visible-devices variable hides.

    Ray refuses a count above the length of that variable's list, so it bounds what is found.
    """
    if accelerators.device_glob is None:
        return Devices(accelerators.planned, accelerators.planned, accelerators.resource)
    found = len(glob.glob(accelerators.device_glob))
    variable = accelerators.visible_devices_variable
    if variable is not None and variable in environment:
        visible = [item for item in environment[variable].split(",") if item.strip()]
        found = min(found, len(visible))
    return Devices(found, accelerators.planned, accelerators.resource)
