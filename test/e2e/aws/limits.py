"""What this account has and what EC2 has for it: tests set it, launches are judged by it.

As it is, nothing is refused that a fresh account with enough quota gets; a test makes it scarce.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass
class Capacity:
    """An On-Demand Capacity Reservation or a Capacity Block, which exists before anything is deployed."""

    instance_type: str
    count: int
    zone: str = "us-east-1a"
    #: A cluster placement group in which it was created; "": none.
    placement_group: str = ""
    #: Of a Capacity Block; it needs the market type `capacity-block`.
    is_block: bool = False
    #: Seconds after it was made, between which machines start in it.
    begins_in: float = 0
    ends_in: float = float("inf")
    made: float = dataclasses.field(default=0, repr=False)


@dataclasses.dataclass
class Limits:
    #: vCPUs that may run, by the code of the quota; a code that is missing is not limited.
    vcpus: dict[str, int] = dataclasses.field(default_factory=dict)
    #: How many of the next launches find no machine.
    empty_launches: int = 0
    #: The same, of launches by Auto Scaling groups.
    empty_group_launches: int = 0
    #: How long the address of a terminated machine stays in use.
    address_seconds: float = 0
    #: How long EC2 does not know an instance profile that IAM has made.
    profile_seconds: float = 0
    #: How many of the next calls of EC2 are too many.
    throttled: int = 0
    reservations: dict[str, Capacity] = dataclasses.field(default_factory=dict)
    now: Callable[[], float] = dataclasses.field(default=time.monotonic, repr=False)

    def set(self, values: dict[str, Any]) -> None:
        """Some of them, as a test says them in JSON."""
        known = {field.name for field in dataclasses.fields(self)} - {"now"}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no limit is called '{name}'")
            if name == "reservations":
                value = {key: Capacity(**one, made=self.now()) for key, one in value.items()}
            setattr(self, name, value)


#: Of the one account that there is.
LIMITS = Limits()
