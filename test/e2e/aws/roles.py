"""Whether a machine's role allows a call: moto keeps policies and holds nobody to them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from place import ACCOUNT, REGION

_ACCESS_KEY = re.compile(r"Credential=([^/]+)/")


@dataclass(frozen=True)
class Call:
    """What is asked for, as policies name it."""

    action: str
    resource: str
    #: What conditions are judged by, as policies name it, e.g. `aws:ResourceTag/team`.
    context: Mapping[str, str] = field(default_factory=dict)


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
        if service == "Logs_20140328":
            # docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
            group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{asked.get('logGroupName', '')}"
            # That of a stream that does not exist yet has no name.
            stream = f":log-stream:{asked.get('logStreamName', '') if action == 'PutLogEvents' else ''}"
            return Call(f"logs:{action}", group + stream)
        if service == "AmazonSSM":
            name = asked.get("Name", "")
            return Call(f"ssm:{action}", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}")
        return Call(target, "")
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    for service, call in (("autoscaling", _call_of_group), ("ec2", _call_of_instance)):
        if f"/{service}/aws4_request" in authorization:
            asked = dict(parse_qsl(body.decode()))
            action = f"{service}:{asked.get('Action', '')}"
            # Those that describe take no resource.
            return Call(action, "*") if ":Describe" in action else call(action, asked)
    if "/s3/aws4_request" not in authorization:
        return Call("other", "")
    bucket, _, key = str(environ["PATH_INFO"]).lstrip("/").partition("/")
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return Call("s3:write", f"arn:aws:s3:::{bucket}/{key}")
    if key == "":
        prefix = parse_qs(str(environ.get("QUERY_STRING", ""))).get("prefix", [""])[0]
        return Call("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": prefix})
    return Call("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")


def _call_of_group(action: str, asked: Mapping[str, str]) -> Call:
    name = asked.get("AutoScalingGroupName", "")
    group = autoscaling_backends[ACCOUNT][REGION].autoscaling_groups.get(name)
    if group is None:
        return Call(action, "")
    # As given and as kept are spelled differently.
    tags = [{key.lower(): value for key, value in tag.items()} for tag in group.tags]
    return Call(action, str(group.arn), _tags({tag["key"]: tag["value"] for tag in tags}))


def _call_of_instance(action: str, asked: Mapping[str, str]) -> Call:
    """One instance at a time is what is judged here."""
    number = asked.get("InstanceId.1", "")
    if "InstanceId.2" in asked or number not in {
        one.id for one in ec2_backends[ACCOUNT][REGION].all_instances()
    }:
        return Call(action, "")
    tags = ec2_backends[ACCOUNT][REGION].get_instance(number).get_tags()
    resource = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{number}"
    return Call(action, resource, _tags({tag["key"]: tag["value"] for tag in tags}))


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def allows(role: str, call: Call) -> bool:
    """By its own policies and the attached ones; the library writes no denials."""
    for document in _documents(role):
        for statement in _list(document["Statement"]):
            actions = _list(statement.get("Action", []))
            resources = _list(statement.get("Resource", []))
            if (
                statement["Effect"] == "Allow"
                and any(fnmatchcase(call.action.lower(), action.lower()) for action in actions)
                and any(fnmatchcase(call.resource, resource) for resource in resources)
                and _holds(statement.get("Condition", {}), call.context)
            ):
                return True
    return False


def _holds(condition: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """An operator that is not known here holds for nothing."""
    for operator, keys in condition.items():
        for key, values in keys.items():
            value = context.get(key)
            if value is None or operator not in ("StringEquals", "StringLike"):
                return False
            matches = fnmatchcase if operator == "StringLike" else str.__eq__
            if not any(matches(value, str(one)) for one in _list(values)):
                return False
    return True


def refusal(role: str, call: Call) -> tuple[int, bytes]:
    """As the services say it."""
    message = f"role {role} is not authorized to perform: {call.action} on resource: {call.resource}"
    if call.action.startswith(("secretsmanager:", "ssm:", "logs:")):
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
