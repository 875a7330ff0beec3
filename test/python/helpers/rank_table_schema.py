"""The schema of a rank table, written from HCCL's documentation alone and not from what this project writes.

mirror-cann/hccl `docs/zh/user_guide/cluster_info_config/rank_table_config_{a2,a3}.md`, November 2026.
A key that ends with `?` may be left out.
"""

import re
from typing import Any

_IPV4 = r"(\d{1,3}\.){3}\d{1,3}"
_ADDRESS = rf"{_IPV4}|[0-9a-f:]+"
_PORT = r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]"
_NUMBER = r"\d+"
_STATUS = "completed|initializing"

#: Device addresses are required where there are several servers.
_DEVICE_10 = {
    "device_id": _NUMBER,
    "device_ip": _ADDRESS,
    "device_port?": _PORT,
    "host_port?": _PORT,
    "rank_id": _NUMBER,
}
_SERVER_10 = {"server_id": ".{1,64}", "host_ip?": _IPV4, "device": [_DEVICE_10]}
_TABLE_10 = {"status": _STATUS, "version": r"1\.0", "server_count": _NUMBER, "server_list": [_SERVER_10]}

#: Without `super_device_id` the mode without super pods is taken, which is not what version 1.2 is for.
_DEVICE_12 = {
    "device_id": _NUMBER,
    "super_device_id": ".+",
    "device_ip?": _ADDRESS,
    "device_port?": _PORT,
    "backup_device_ip?": _ADDRESS,
    "backup_device_port?": _PORT,
    "host_port?": _PORT,
    "rank_id": _NUMBER,
}
_SERVER_12 = {"server_id": ".{1,64}", "host_ip?": _IPV4, "device": [_DEVICE_12]}
_POD = {"super_pod_id": ".+", "server_list": [{"server_id": ".{1,64}"}]}
_TABLE_12 = {
    "status": _STATUS,
    "version": r"1\.2",
    "server_count?": _NUMBER,
    "server_list": [_SERVER_12],
    "super_pod_list": [_POD],
}


def schema_problems(table: dict[str, Any]) -> list[str]:
    """What in a table the documentation does not allow, one line each."""
    return _check(table, _TABLE_12 if table.get("version") == "1.2" else _TABLE_10, "")


def _check(value: Any, shape: Any, path: str) -> list[str]:
    if isinstance(shape, str):
        # All values are texts: HCCL takes a number for a missing value.
        fits = isinstance(value, str) and re.fullmatch(shape, value)
        return [] if fits else [f"{path} is {value!r}"]
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return [f"{path} is no list with entries"]
        return [line for at, item in enumerate(value) for line in _check(item, shape[0], f"{path}[{at}]")]
    if not isinstance(value, dict):
        return [f"{path} is no object"]
    known = {key.removesuffix("?"): item for key, item in shape.items()}
    missing = [key for key in shape if not key.endswith("?") and key not in value]
    return [
        *(f"{path}.{key} is not in the documentation" for key in value if key not in known),
        *(f"{path}.{key} is missing" for key in missing),
        *(
            line
            for key, item in known.items()
            if key in value
            for line in _check(value[key], item, f"{path}.{key}")
        ),
    ]
