"""Machines that really boot: a container for each instance, a server for each mount target of EFS."""

import logging
import subprocess
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import machine_files
from docker_engine import DockerError, docker, names, remove
from ec2_machines import template_data
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance
from moto.efs.models import efs_backends
from place import ACCOUNT, REGION

_log = logging.getLogger(__name__)
_AT_A_TIME = 8
_CAP_SYS_RESOURCE = 24
#: systemd in a container ends in order by this.
_STOP_SIGNAL = "SIGRTMIN+3"
_STOP_SECONDS = 60
_ENGINE_SECONDS = 180.0
_ADDRESS_SECONDS = 120.0
_reboot = EC2Backend.reboot_instances


class Hypervisor:
    def __init__(self, prefix: str, machine_image: str, node_image: str, endpoint: str) -> None:
        """`prefix`: of all names, and the network's; `node_image`: what every machine gets."""
        self._prefix = prefix
        self._machine_image = machine_image
        self._node_image = node_image
        self._endpoint = endpoint
        self._folder = Path(tempfile.mkdtemp(prefix="aws-region-"))
        self._pool = ThreadPoolExecutor(_AT_A_TIME)
        self._made: dict[str, Future[None]] = {}
        self._ended = threading.Event()
        #: Set: the next machine of a group has a GPU that its driver has lost.
        self.loses_gpu = threading.Event()

    def start(self) -> None:
        key = self._folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        docker("save", "--output", str(self._folder / "image.tar"), self._node_image, seconds=300)
        EC2Backend.reboot_instances = lambda backend, ids: self._reboot(backend, ids)
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        self._ended.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for name in names(self._prefix):
            remove(name)
        for file in self._folder.iterdir():
            file.unlink()
        self._folder.rmdir()

    def machines(self) -> list[dict[str, Any]]:
        """What tests ask: which container is which instance, and what happened to it."""
        backend = ec2_backends[ACCOUNT][REGION]
        return [
            {
                "id": one.id,
                "address": one.private_ip,
                "container": self._name(one.id),
                "state": one.state,
                "group": _group(one),
                "trouble": self._trouble(one.id),
            }
            for one in backend.all_instances()
        ]

    def _trouble(self, number: str) -> str | None:
        made = self._made.get(number)
        error = made.exception() if made is not None and made.done() else None
        return None if error is None else str(error)

    def _name(self, number: str) -> str:
        return f"{self._prefix}-{number}"

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                self._compare()
            except Exception:
                _log.exception("the hypervisor goes on")
            time.sleep(0.5)

    def _compare(self) -> None:
        """Machines follow what the API says of instances."""
        instances = list(ec2_backends[ACCOUNT][REGION].all_instances())
        running = {one.id: one for one in instances if one.is_running() and template_data(one) is not None}
        targets = dict(efs_backends[ACCOUNT][REGION].mount_targets_by_id)
        for number in [one for one in self._made if one not in running and one not in targets]:
            future = self._made[number]
            if future.done():
                del self._made[number]
                self._pool.submit(remove, self._name(number))
        for number, instance in running.items():
            if number not in self._made:
                self._made[number] = self._pool.submit(self._boot, instance)
        for number, target in targets.items():
            if number not in self._made:
                self._made[number] = self._pool.submit(self._serve_files, number, target)

    def _boot(self, instance: Instance) -> None:
        name = self._name(instance.id)
        began = time.monotonic()
        docker(
            *("create", "--name", name, "--hostname", instance.private_dns_name.split(".")[0]),
            *("--network", self._prefix, "--ip", str(instance.private_ip), "--stop-signal", _STOP_SIGNAL),
            *("--cap-add", "ALL", *([] if _may_raise_limits() else ["--cap-drop", "SYS_RESOURCE"])),
            *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
            *("--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"),
            *("--volume", "/var/lib/docker"),
            *("--tmpfs", "/run", "--tmpfs", "/tmp", "--device", "/dev/fuse", self._machine_image),
        )
        lost = 0
        if _group(instance) is not None and self.loses_gpu.is_set():
            self.loses_gpu.clear()
            lost = 1
        files = machine_files.archive(
            instance.instance_type,
            template_data(instance) or {},
            self._endpoint,
            (self._folder / "key").read_text(),
            lost,
        )
        docker("cp", "-", f"{name}:/", data=files)
        self._start(name)
        self._load(name)
        _log.info("%s has its image after %.0f s", name, time.monotonic() - began)

    def _start(self, name: str) -> None:
        """moto hands out the address of a machine that has ended, which its container may still have."""
        deadline = time.monotonic() + _ADDRESS_SECONDS
        while True:
            try:
                docker("start", name)
                return
            except DockerError as error:
                if "Address already in use" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _load(self, name: str) -> None:
        """The image comes meanwhile, as from a registry that is near."""
        deadline = time.monotonic() + _ENGINE_SECONDS
        while True:
            try:
                docker("exec", name, "docker", "version")
                break
            except DockerError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)
        with (self._folder / "image.tar").open("rb") as file:
            docker("exec", "--interactive", name, "docker", "load", "--quiet", file=file, seconds=600)

    def _reboot(self, backend: EC2Backend, ids: list[str]) -> Any:
        for number in ids:
            self._pool.submit(docker, "restart", "--time", str(_STOP_SECONDS), self._name(number))
        return _reboot(backend, ids)

    def _serve_files(self, number: str, target: Any) -> None:
        """An empty file system behind the name that EFS gives it."""
        name = self._name(number)
        dns = f"{target.file_system_id}.efs.{REGION}.amazonaws.com"
        docker(
            *("create", "--name", name, "--network", self._prefix, "--ip", str(target.ip_address)),
            *("--network-alias", dns, "--volume", "/export", "--entrypoint", "/bin/sh", self._machine_image),
            *("-c", "mkdir -p /run/sshd /export && chmod 700 /root/.ssh && exec /usr/sbin/sshd -D -e"),
        )
        key = machine_files.single("root/.ssh/authorized_keys", (self._folder / "key.pub").read_text())
        docker("cp", "-", f"{name}:/", data=key)
        docker("start", name)


def _group(instance: Instance) -> str | None:
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    return tags.get("aws:autoscaling:groupName")


def _may_raise_limits() -> bool:
    lines = Path("/proc/self/status").read_text().split("\n")
    bounding = next(line for line in lines if line.startswith("CapBnd:"))
    return bool(int(bounding.split()[1], 16) >> _CAP_SYS_RESOURCE & 1)
