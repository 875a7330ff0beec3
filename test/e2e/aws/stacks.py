"""CloudFormation for stacks that wait: a handle, a parameter with the handle's address, a condition.

moto passes over wait conditions. Here they do what AWS does: the handle is an address, a signal there ends
the wait; a failure or the end of the time makes the stack fail and rolls it back.
"""

import json
import re
import threading
import time
import uuid
from typing import Any
from xml.sax.saxutils import escape

from moto.ssm.models import ssm_backends
from place import ACCOUNT, REGION
from wait_stack import WaitStack, described, event_text

_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_HANDLE = "AWS::CloudFormation::WaitConditionHandle"
_CONDITION = "AWS::CloudFormation::WaitCondition"
_STACK = "AWS::CloudFormation::Stack"
_PARAMETER = "AWS::SSM::Parameter"
#: The first part of an address to which machines signal.
SIGNALS = "/signals/"


class StackError(Exception):
    """What CloudFormation answers with 400."""


class Stacks:
    """All stacks of the region."""

    def __init__(self, address: str) -> None:
        """`address`: of this server, as machines reach it."""
        self._address = address
        self._stacks: dict[str, WaitStack] = {}
        self._lock = threading.Lock()

    def answer(self, action: str, asked: dict[str, str]) -> tuple[int, str]:
        """Status and body of a call of the API."""
        calls = {
            "CreateStack": self._create,
            "DescribeStacks": self._describe,
            "DescribeStackEvents": self._events,
            "DescribeStackResources": self._resources,
            "GetTemplate": self._template,
            "DeleteStack": self._delete,
        }
        try:
            if action not in calls:
                raise StackError(f"{action} is not a part of this emulator")
            with self._lock:
                for stack in self._stacks.values():
                    self._advance(stack)
                body = calls[action](asked)
        except StackError as error:
            text = f"<Code>ValidationError</Code><Message>{escape(str(error))}</Message>"
            return 400, f'<ErrorResponse xmlns="{_NAMESPACE}"><Error>{text}</Error></ErrorResponse>'
        number = f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        inner = f"<{action}Result>{body}</{action}Result>{number}"
        return 200, f'<{action}Response xmlns="{_NAMESPACE}">{inner}</{action}Response>'

    def signal(self, path: str, body: bytes) -> int:
        """What is put to a handle's address. The first signal of an id counts; one handle ends one wait."""
        try:
            number, handle = path.removeprefix(SIGNALS).split("/", 1)
            signal = json.loads(body)
            problem = {"Status", "Reason", "UniqueId", "Data"} - signal.keys()
        except ValueError:
            return 403
        with self._lock:
            for stack in self._stacks.values():
                if stack.number == number and handle in stack.resources(_HANDLE):
                    # Events come as XML: a reason with an escape would be one that nobody ever reads.
                    plain = all(one.isprintable() or one in "\n\t" for one in str(signal.get("Reason")))
                    if problem or not plain or signal["Status"] not in ("SUCCESS", "FAILURE"):
                        return 400
                    stack.signals.setdefault(handle, {}).setdefault(signal["UniqueId"], signal)
                    return 200
        return 403

    def _create(self, asked: dict[str, str]) -> str:
        name = asked["StackName"]
        if any(one.name == name and one.status != "DELETE_COMPLETE" for one in self._stacks.values()):
            raise StackError(f"Stack [{name}] already exists")
        stack = WaitStack(
            name,
            json.loads(asked["TemplateBody"]),
            asked["TemplateBody"],
            asked.get("ClientRequestToken", ""),
            asked.get("OnFailure", "ROLLBACK"),
            _tags(asked),
            asked.get("TimeoutInMinutes", ""),
        )
        for kind, timeout in self._conditions(stack):
            if not 0 < timeout <= 43_200:
                raise StackError(f"{kind}: a Timeout is a number of seconds up to 43200")
        stack.tell(name, _STACK, "CREATE_IN_PROGRESS", "User Initiated")
        for handle in stack.resources(_HANDLE):
            stack.tell(handle, _HANDLE, "CREATE_COMPLETE")
        for resource, properties in stack.resources(_PARAMETER).items():
            self._put_parameter(stack, properties)
            stack.tell(resource, _PARAMETER, "CREATE_COMPLETE")
        self._stacks[stack.id] = stack
        return f"<StackId>{stack.id}</StackId>"

    def _conditions(self, stack: WaitStack) -> list[tuple[str, int]]:
        found = stack.resources(_CONDITION)
        return [(name, int(one["Timeout"])) for name, one in found.items()]

    def _advance(self, stack: WaitStack) -> None:
        """Whether the wait has ended meanwhile."""
        if stack.status != "CREATE_IN_PROGRESS":
            return
        waiting = False
        for condition, properties in stack.resources(_CONDITION).items():
            signals = stack.signals.get(properties["Handle"]["Ref"], {})
            failed = next((one for one in signals.values() if one["Status"] == "FAILURE"), None)
            if failed is not None:
                message = f"'{failed['Reason']}' for uniqueId: {failed['UniqueId']}"
                self._fail(stack, condition, f"WaitCondition received failed message: {message}")
                return
            if len(signals) >= int(properties.get("Count", 1)):
                if condition not in stack.met:
                    stack.met.add(condition)
                    stack.tell(condition, _CONDITION, "CREATE_COMPLETE")
            elif time.monotonic() - stack.began > int(properties["Timeout"]):
                received = f"{len(signals)} conditions"
                count = properties.get("Count", 1)
                self._fail(
                    stack,
                    condition,
                    f"WaitCondition timed out. Received {received} when expecting {count}",
                )
                return
            else:
                waiting = True
        if not waiting:
            data = {
                unique: one["Data"] for signals in stack.signals.values() for unique, one in signals.items()
            }
            for name, output in stack.template.get("Outputs", {}).items():
                stack.outputs[name] = str(self._value(stack, output["Value"], data))
            stack.status = "CREATE_COMPLETE"
            stack.tell(stack.name, _STACK, "CREATE_COMPLETE")

    def _fail(self, stack: WaitStack, condition: str, reason: str) -> None:
        kind = _STACK
        stack.tell(condition, _CONDITION, "CREATE_FAILED", reason)
        stack.reason = f"The following resource(s) failed to create: [{condition}]. "
        if stack.on_failure == "DO_NOTHING":
            stack.status = "CREATE_FAILED"
            stack.tell(stack.name, kind, "CREATE_FAILED", stack.reason)
            return
        stack.tell(stack.name, kind, "ROLLBACK_IN_PROGRESS", f"{stack.reason}Rollback requested by user.")
        self._remove_parameters(stack)
        stack.status = "ROLLBACK_COMPLETE"
        stack.tell(stack.name, kind, "ROLLBACK_COMPLETE")

    def _value(self, stack: WaitStack, value: Any, data: dict[str, str]) -> Any:
        """References to handles, and the few functions that templates of this kind need."""
        if not isinstance(value, dict):
            return value
        if "Ref" in value:
            return self._reference(stack, value["Ref"])
        if "Fn::GetAtt" in value:
            return json.dumps(data)
        if "Fn::Sub" in value and isinstance(value["Fn::Sub"], str):
            return re.sub(r"\$\{([\w:]+)\}", lambda found: self._reference(stack, found[1]), value["Fn::Sub"])
        raise StackError(f"{next(iter(value))} is not a part of this emulator")

    def _reference(self, stack: WaitStack, name: str) -> str:
        if name in stack.resources(_HANDLE):
            return f"{self._address}{SIGNALS}{stack.number}/{name}"
        return {"AWS::StackName": stack.name, "AWS::StackId": stack.id, "AWS::Region": REGION}.get(name, name)

    def _put_parameter(self, stack: WaitStack, properties: dict[str, Any]) -> None:
        ssm_backends[ACCOUNT][REGION].put_parameter(
            name=self._value(stack, properties["Name"], {}),
            description=properties.get("Description", ""),
            value=self._value(stack, properties["Value"], {}),
            parameter_type=properties["Type"],
            allowed_pattern="",
            keyid="",
            overwrite=False,
            tags=[],
            data_type="text",
            tier=None,
            policies=None,
        )

    def _remove_parameters(self, stack: WaitStack) -> None:
        parameters = stack.resources(_PARAMETER).values()
        names = [self._value(stack, one["Name"], {}) for one in parameters]
        ssm_backends[ACCOUNT][REGION].delete_parameters(names)

    def _delete(self, asked: dict[str, str]) -> str:
        stack = self._find(asked["StackName"])
        if stack is not None and stack.status != "DELETE_COMPLETE":
            stack.token = asked.get("ClientRequestToken", "")
            self._remove_parameters(stack)
            stack.status = "DELETE_COMPLETE"
            stack.tell(stack.name, _STACK, "DELETE_COMPLETE")
        return ""

    def _describe(self, asked: dict[str, str]) -> str:
        stack = self._need(asked["StackName"])
        return f"<Stacks><member>{described(stack)}</member></Stacks>"

    def _events(self, asked: dict[str, str]) -> str:
        stack = self._need(asked["StackName"])
        return f"<StackEvents>{''.join(event_text(stack, one) for one in stack.events)}</StackEvents>"

    def _resources(self, asked: dict[str, str]) -> str:
        self._need(asked["StackName"])
        return "<StackResources></StackResources>"

    def _template(self, asked: dict[str, str]) -> str:
        return f"<TemplateBody>{escape(self._need(asked['StackName']).text)}</TemplateBody>"

    def _need(self, name: str) -> WaitStack:
        stack = self._find(name)
        if stack is None:
            raise StackError(f"Stack with id {name} does not exist")
        return stack

    def _find(self, name: str) -> WaitStack | None:
        """By its id; by its name only as long as it is not deleted."""
        if name in self._stacks:
            return self._stacks[name]
        living = [one for one in self._stacks.values() if one.status != "DELETE_COMPLETE"]
        return next((one for one in living if one.name == name), None)


def _tags(asked: dict[str, str]) -> dict[str, str]:
    keys = [key for key in asked if re.fullmatch(r"Tags\.member\.\d+\.Key", key)]
    return {asked[key]: asked[key.replace(".Key", ".Value")] for key in keys}
