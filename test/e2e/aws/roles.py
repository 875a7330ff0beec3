"""Whether a machine's role allows a call: moto keeps policies and holds nobody to them."""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import iam_backends
from place import ACCOUNT, REGION

_ACCESS_KEY = re.compile(r"Credential=([^/]+)/")


@dataclass(frozen=True)
class Call:
    """What is asked for, as policies name it."""

    action: str
    resource: str


def access_key(environ: dict[str, Any]) -> str | None:
    """Who asks; `None`: somebody without credentials."""
    found = _ACCESS_KEY.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found[1] if found else None


def call_of(environ: dict[str, Any], body: bytes) -> Call:
    """A call of the services that machines need. What is not known here is no call that a role allows."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        service, action = target.split(".")
        asked = json.loads(body or b"{}")
        if service == "secretsmanager":
            return Call(f"secretsmanager:{action}", str(asked.get("SecretId", "")))
        if service == "AmazonSSM":
            name = asked.get("Name", "")
            return Call(f"ssm:{action}", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}")
        return Call(target, "")
    if "/s3/aws4_request" not in environ.get("HTTP_AUTHORIZATION", ""):
        return Call("other", "")
    bucket, _, key = str(environ["PATH_INFO"]).lstrip("/").partition("/")
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return Call("s3:write", f"arn:aws:s3:::{bucket}/{key}")
    if key == "":
        return Call("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    return Call("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")


def allows(role: str, call: Call) -> bool:
    """By its own policies and the attached ones; the library writes no conditions and no denials."""
    for document in _documents(role):
        for statement in _list(document["Statement"]):
            actions = _list(statement.get("Action", []))
            resources = _list(statement.get("Resource", []))
            if (
                statement["Effect"] == "Allow"
                and any(fnmatchcase(call.action.lower(), action.lower()) for action in actions)
                and any(fnmatchcase(call.resource, resource) for resource in resources)
            ):
                return True
    return False


def refusal(role: str, call: Call) -> tuple[int, bytes]:
    """As the services say it."""
    message = f"role {role} is not authorized to perform: {call.action} on resource: {call.resource}"
    if call.action.startswith(("secretsmanager:", "ssm:")):
        return 400, json.dumps({"__type": "AccessDeniedException", "Message": message}).encode()
    if call.action.startswith("s3:"):
        return 403, f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>".encode()
    error = f"<Error><Code>UnauthorizedOperation</Code><Message>{message}</Message></Error>"
    return 403, f"<Response><Errors>{error}</Errors><RequestID>0</RequestID></Response>".encode()


def _documents(name: str) -> list[dict[str, Any]]:
    backend = iam_backends[ACCOUNT]["aws"]
    role = backend.get_role(name)
    versions = [version for policy in role.managed_policies.values() for version in policy.versions]
    attached = [version.document for version in versions if version.is_default]
    return [
        document if isinstance(document, dict) else json.loads(document)
        for document in [*role.policies.values(), *attached]
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
