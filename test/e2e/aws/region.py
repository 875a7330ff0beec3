"""A region of AWS on one machine: moto's server, what it lacks, and machines that really boot.

Says `ready` when it answers, and takes everything away when it is ended (SIGTERM).
"""

import argparse
import json
import logging
import os
import re
import signal
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

# moto reads these when it is imported.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).parent / "amis.json")
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

import ec2_gaps
import ec2_machines
import fsx_gaps
import groups
import logs_gaps
import roles
import s3_gaps
import service_quotas
import ssm_gaps
from docker_engine import DockerError, docker, names, remove
from hypervisor import Hypervisor
from limits import LIMITS
from metadata import Metadata
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from stacks import SIGNALS, Stacks

_METADATA = re.compile(r"/(latest|\d{4}-\d\d-\d\d)/(api|dynamic|meta-data|user-data)(/|$)")
#: What tests ask besides the API.
_MACHINES = "/emulator/machines"
_LOSE_GPU = "/emulator/lose-gpu"
_LIMITS = "/emulator/limits"

#: Until there are tokens again (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html).
_TOO_MANY = (
    b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message>"
    b"</Error></Errors><RequestID>0</RequestID></Response>"
)

_log = logging.getLogger(__name__)

StartResponse = Callable[..., Any]


class Region:
    """Sends each request to who answers it."""

    def __init__(self, stacks: Stacks, metadata: Metadata, hypervisor: Hypervisor) -> None:
        self._stacks = stacks
        self._metadata = metadata
        self._hypervisor = hypervisor
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == _MACHINES:
            return _say(start, 200, json.dumps(self._hypervisor.machines()).encode(), "application/json")
        if path == _LOSE_GPU:
            self._hypervisor.loses_gpu.set()
            return _say(start, 200, b"")
        if path == _LIMITS:
            LIMITS.set(json.loads(_body(environ)))
            return _say(start, 200, b"")
        if path.startswith(SIGNALS):
            return _say(start, self._stacks.signal(path, _body(environ)), b"")
        if _METADATA.match(path):
            method, address = environ["REQUEST_METHOD"], environ["REMOTE_ADDR"]
            status, text = self._metadata.answer(method, path, environ, address)
            return _say(start, status, text)
        if "/cloudformation/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
            asked = dict(parse_qsl(_body(environ).decode(), keep_blank_values=True))
            status, answer = self._stacks.answer(asked.get("Action", ""), asked)
            return _say(start, status, answer.encode(), "text/xml")
        if LIMITS.throttled > 0 and "/ec2/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
            LIMITS.throttled -= 1
            _body(environ)
            return _say(start, 503, _TOO_MANY, "text/xml")
        role = self._metadata.roles.get(roles.access_key(environ) or "")
        if role is not None:
            body = _body(environ)
            environ["wsgi.input"] = BytesIO(body)
            call = roles.call_of(environ, body)
            if not roles.allows(role, call):
                _log.warning("refused to %s: %s on %s", role, call.action, call.resource)
                return _say(start, *roles.refusal(role, call))
        answered: Iterable[bytes] = self._moto(environ, start)
        return answered


def _body(environ: dict[str, Any]) -> bytes:
    read: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return read


def _say(start: StartResponse, status: int, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", required=True, help="of the network, and beginning of all names")
    parser.add_argument("--subnet", required=True, help="first three numbers of the network's addresses")
    parser.add_argument("--machine-image", required=True)
    parser.add_argument("--node-image", required=True, help="what machines find in their engine")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    for part in (ec2_gaps, ec2_machines, fsx_gaps, groups, logs_gaps, s3_gaps, service_quotas, ssm_gaps):
        part.install()
    _sweep(asked.name)
    gateway = f"{asked.subnet}.1"
    docker("network", "create", "--subnet", f"{asked.subnet}.0/24", "--gateway", gateway, asked.name)
    endpoint = f"http://{gateway}:{asked.port}"
    hypervisor = Hypervisor(asked.name, asked.machine_image, asked.node_image, endpoint)
    hypervisor.start()
    region = Region(Stacks(endpoint), Metadata(), hypervisor)
    # Terraform comes by loopback, machines by the router of their network; nobody else.
    for address in ("127.0.0.1", gateway):
        server = make_server(address, asked.port, region, threaded=True, request_handler=MotoRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    ended = threading.Event()
    groups.keep_trying(ended)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    hypervisor.end()
    _sweep(asked.name)


def _sweep(name: str) -> None:
    """What an earlier region of this name has left."""
    for one in names(name):
        remove(one)
    try:
        docker("network", "rm", name)
    except DockerError as error:
        if "not found" not in str(error) and "No such network" not in str(error):
            raise


if __name__ == "__main__":
    main()
