#!/usr/bin/env python3
"""Source of a secret: Google Secret Manager, with the rights of the machine's service account.

    google_secret.py NAME

NAME is the secret's, as the project of the machine has it. Prints its newest version.
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.request

METADATA = os.environ.get("METADATA_URL", "http://metadata.google.internal/computeMetadata/v1")
SECRETS = os.environ.get("SECRETS_URL", "https://secretmanager.googleapis.com/v1")


def fetch(url: str, name: str, value: str) -> bytes:
    """What lies at a URL; the header is what opens it."""
    request = urllib.request.Request(url, headers={name: value})
    with urllib.request.urlopen(request, timeout=20) as response:
        content: bytes = response.read()
    return content


def metadata(path: str) -> str:
    return fetch(f"{METADATA}/{path}", "Metadata-Flavor", "Google").decode()


def secret(name: str) -> bytes:
    project = metadata("project/project-id")
    token = json.loads(metadata("instance/service-accounts/default/token"))["access_token"]
    url = f"{SECRETS}/projects/{project}/secrets/{name}/versions/latest:access"
    answer = json.loads(fetch(url, "Authorization", f"Bearer {token}"))
    return base64.b64decode(answer["payload"]["data"])


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        sys.exit("usage: google_secret.py NAME")
    try:
        value = secret(arguments[0])
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"no secret '{arguments[0]}': {error}")
    sys.stdout.buffer.write(value)


if __name__ == "__main__":
    main(sys.argv[1:])
