"""`with_api_keys.py <option> <file> <program> ...` runs a Python program with keys that no command shows.

The keys, one in each line of the file, are appended as `--<option> key key ...` to the arguments that the
program sees. What the kernel shows of this process stays as it was.
"""

import runpy
import shutil
import sys


def keys_of(path: str) -> list[str]:
    """Raises SystemExit where the file has no key, or one that would be taken for an option."""
    try:
        with open(path, encoding="utf-8") as file:
            keys = [line.strip() for line in file if line.strip()]
    except OSError as error:
        raise SystemExit(f"the file with the API keys cannot be read: {path}: {error.strerror}") from error
    if not keys:
        raise SystemExit(f"the file with the API keys is empty: {path}")
    if any(key.startswith("-") for key in keys):
        raise SystemExit(f"an API key must not begin with '-': {path}")
    return keys


def main() -> None:
    option, path, name, *arguments = sys.argv[1:]
    program = shutil.which(name)
    if program is None:
        raise SystemExit(f"{name} is not in PATH")
    sys.argv = [program, *arguments, f"--{option}", *keys_of(path)]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
