"""A stack of CloudFormation, and how its API describes it."""

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from xml.sax.saxutils import escape

from place import ACCOUNT, REGION


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class StackEvent:
    resource: str
    kind: str
    status: str
    reason: str
    token: str
    at: str = field(default_factory=lambda: _now())
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class WaitStack:
    name: str
    template: dict[str, Any]
    text: str
    token: str
    on_failure: str
    tags: dict[str, str]
    #: As it was asked for.
    minutes: str
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    began: float = field(default_factory=time.monotonic)
    created: str = field(default_factory=lambda: _now())
    #: By the handle at which they came, then by their own ids.
    signals: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    #: Conditions that are met.
    met: set[str] = field(default_factory=set)
    outputs: dict[str, str] = field(default_factory=dict)
    events: list[StackEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.number = uuid.uuid4().hex
        self.id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self.name}/{uuid.UUID(self.number)}"

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        found = self.template["Resources"].items()
        return {name: one.get("Properties", {}) for name, one in found if one["Type"] == kind}

    def tell(self, resource: str, kind: str, status: str, reason: str = "") -> None:
        self.events.insert(0, StackEvent(resource, kind, status, reason, self.token))


def described(stack: WaitStack) -> str:
    outputs = "".join(
        f"<member><OutputKey>{name}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
        for name, value in stack.outputs.items()
    )
    tags = "".join(
        f"<member><Key>{escape(key)}</Key><Value>{escape(value)}</Value></member>"
        for key, value in stack.tags.items()
    )
    minutes = f"<TimeoutInMinutes>{stack.minutes}</TimeoutInMinutes>" if stack.minutes else ""
    return (
        f"<StackName>{stack.name}</StackName><StackId>{stack.id}</StackId><StackStatus>{stack.status}</StackStatus>"
        f"<StackStatusReason>{escape(stack.reason)}</StackStatusReason><CreationTime>{stack.created}</CreationTime>"
        f"{minutes}<DisableRollback>false</DisableRollback><Outputs>{outputs}</Outputs><Tags>{tags}</Tags>"
        "<Parameters></Parameters><Capabilities></Capabilities><NotificationARNs></NotificationARNs>"
    )


def event_text(stack: WaitStack, event: StackEvent) -> str:
    return (
        f"<member><EventId>{event.id}</EventId><StackId>{stack.id}</StackId><StackName>{stack.name}</StackName>"
        f"<LogicalResourceId>{event.resource}</LogicalResourceId><ResourceType>{event.kind}</ResourceType>"
        f"<Timestamp>{event.at}</Timestamp><ResourceStatus>{event.status}</ResourceStatus>"
        f"<ResourceStatusReason>{escape(event.reason)}</ResourceStatusReason>"
        f"<ClientRequestToken>{event.token}</ClientRequestToken></member>"
    )
