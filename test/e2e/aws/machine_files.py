"""What a machine of EC2 has that one from Debian's packages lacks, as an archive of files."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_CATALOG = _FOLDER.parents[2] / "lib" / "catalog"
_OWN = "etc/simulated-machine"


def archive(instance_type: str, template: dict[str, Any], endpoint: str, key: str, lost: int) -> bytes:
    """Everything that is put on a machine before its first boot.

    `template`: its launch template's data; `endpoint`: of API and metadata; `key`: with which it mounts;
    `lost`: GPUs that fell off the bus: their nodes are there, the driver does not find them.
    """
    gpus = _gpus(instance_type)
    interfaces = template.get("NetworkInterfaces", [])
    adapters = sum(one.get("InterfaceType", "").startswith("efa") for one in interfaces)
    files = {
        f"{_OWN}/endpoint": endpoint,
        f"{_OWN}/key": key,
        f"{_OWN}/gpus": "".join(f"{gpu}\n" for gpu in gpus[lost:]),
        "etc/tmpfiles.d/simulated-machine.conf": _devices(len(gpus), adapters),
        "etc/cloud/cloud.cfg.d/99-simulated-machine.cfg": _cloud_init(endpoint),
    }
    result = io.BytesIO()
    with tarfile.open(fileobj=result, mode="w") as tar:
        rootfs = _FOLDER / "rootfs"
        for path in sorted(rootfs.rglob("*")):
            # Not what an editor or a cache has left.
            if path.is_file() and "__pycache__" not in path.parts:
                _add(tar, str(path.relative_to(rootfs)), path.read_bytes(), path.stat().st_mode & 0o777)
        for name, text in files.items():
            _add(tar, name, text.encode(), 0o600 if name.endswith("/key") else 0o644)
        link = tarfile.TarInfo("etc/systemd/system/multi-user.target.wants/dlami-nvme.service")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/systemd/system/dlami-nvme.service"
        tar.addfile(link)
    return result.getvalue()


def single(name: str, text: str) -> bytes:
    """One file that only root reads."""
    result = io.BytesIO()
    with tarfile.open(fileobj=result, mode="w") as tar:
        _add(tar, name, text.encode(), 0o600)
    return result.getvalue()


def _gpus(instance_type: str) -> list[str]:
    """As the catalogue has them."""
    for row in json.loads((_CATALOG / "instance-types.json").read_text()):
        if row["id"] == instance_type:
            return [str(row["acceleratorTitle"])] * int(row["devices"])
    return []


def _devices(gpus: int, adapters: int) -> str:
    """Nodes that look like those of the drivers, made at each boot; behind each is /dev/null."""
    of_driver = ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"] if gpus else []
    names = [*(f"/dev/nvidia{index}" for index in range(gpus)), *of_driver]
    names += [f"/dev/infiniband/uverbs{index}" for index in range(adapters)]
    folder = ["d /dev/infiniband 0755 root root -"] if adapters else []
    return "".join(f"{line}\n" for line in [*folder, *(f"c {name} 0666 root root - 1:3" for name in names)])


def _cloud_init(endpoint: str) -> str:
    """The data source of EC2, without a look whether this is EC2; of all modules what user data needs."""
    source = {"metadata_urls": [endpoint], "strict_id": False, "max_wait": 60, "timeout": 10}
    lines = [
        # As the shell script that runs first reads it.
        "datasource_list: [ Ec2 ]",
        f"datasource: {json.dumps({'Ec2': source})}",
        'network: {"config": "disabled"}',
        'cloud_init_modules: ["bootcmd", "write-files"]',
        'cloud_config_modules: ["runcmd"]',
        'cloud_final_modules: ["scripts-user"]',
    ]
    return "".join(f"{line}\n" for line in lines)


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = mode
    tar.addfile(entry, io.BytesIO(content))
