"""Prints as JSON what an image holds for a cluster. Runs in it, with its own Python; imports no engine."""

import glob
import json
import os
import platform
import re
import shutil
from importlib import metadata

#: Packages that decide what an image can do, as their index compares names.
PACKAGES = (
    "ray",
    "vllm",
    "vllm-ascend",
    "lmdeploy",
    "dlinfer-ascend",
    "sglang",
    "torch",
    "torch-npu",
    "transformers",
    "huggingface-hub",
    "modelscope",
)
#: Files that set variables for a shell, which no cluster starts.
SHELL_FILES = (
    "/usr/local/Ascend/*/set_env.sh",
    "/usr/local/Ascend/*/*/set_env.sh",
    "/root/.bashrc",
    "/etc/profile.d/*.sh",
)
EXPORT = re.compile(r"^\s*(?:export\s+[A-Za-z_]\w*=|(?:source|\.)\s+/?\S*set_env\.sh)", re.MULTILINE)


def versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        name, version = distribution.metadata["Name"], distribution.version
        normal = re.sub(r"[-_.]+", "-", name or "").lower()
        if normal in PACKAGES and version:
            found.setdefault(normal, version)
    return {name: found[name] for name in PACKAGES if name in found}


def shell_files() -> list[str]:
    """Those that set variables, or read others that do."""
    found = []
    for path in sorted(path for pattern in SHELL_FILES for path in glob.glob(pattern)):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                if EXPORT.search(file.read()):
                    found.append(path)
        except OSError:
            continue
    return found


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "python": platform.python_version(),
                "packages": versions(),
                "programs": [name for name in ("git", "pip", "curl", "ibv_devinfo") if shutil.which(name)],
                "shellFiles": shell_files(),
                "user": os.getuid(),
            }
        )
    )
