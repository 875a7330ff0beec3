"""What moto's S3 lacks: a policy against plain HTTP, which the emulator speaks in place of TLS."""

from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

_permitted = IAMPolicyStatement.is_action_permitted


def install() -> None:
    IAMPolicyStatement.is_action_permitted = _is_action_permitted


def _is_action_permitted(self: IAMPolicyStatement, *positional: Any, **named: Any) -> PermissionResult:
    """A denial whose condition does not hold denies nothing; moto has it the other way round."""
    condition = self._statement.get("Condition", {}).get("Bool", {})
    if self._statement["Effect"] == "Deny" and condition.get("aws:SecureTransport") == "false":
        return PermissionResult.NEUTRAL
    return _permitted(self, *positional, **named)
