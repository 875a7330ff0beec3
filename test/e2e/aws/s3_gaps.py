"""What moto's S3 lacks: a policy against plain HTTP, which the emulator speaks in place of TLS; a bucket
that is emptied once its versions are suspended."""

from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.s3.models import FakeDeleteMarker

_permitted = IAMPolicyStatement.is_action_permitted


def install() -> None:
    IAMPolicyStatement.is_action_permitted = _is_action_permitted
    # A marker has no content, which moto would dispose of.
    FakeDeleteMarker.dispose = lambda _: None


def _is_action_permitted(self: IAMPolicyStatement, *positional: Any, **named: Any) -> PermissionResult:
    """A denial whose condition does not hold denies nothing; moto has it the other way round."""
    condition = self._statement.get("Condition", {}).get("Bool", {})
    if self._statement["Effect"] == "Deny" and condition.get("aws:SecureTransport") == "false":
        return PermissionResult.NEUTRAL
    return _permitted(self, *positional, **named)
