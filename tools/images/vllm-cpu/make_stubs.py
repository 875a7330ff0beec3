"""Stand-ins for the CUDA libraries that a CUDA build of torch is linked to, where there is no GPU.

    python3 make_stubs.py WHEEL_OF_TORCH FOLDER      (needs gcc and readelf)

torch on the package index is a CUDA build. On a machine without a GPU it calls none of those libraries, but
the dynamic linker wants every one of them, with every symbol in its version. A stand-in defines exactly the
symbols that torch takes from the library; each answers with 1, an error in all of these interfaces. The
driver is left out: without `libcuda.so.1` torch knows that there is no GPU. So is the CUDA runtime, which is
small and real.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

#: Libraries that get a stand-in, each with how the names of its functions begin.
INTERFACES = {
    "libcublas": "cublas",
    "libcublasLt": "cublasLt",
    "libcudnn": "cudnn",
    "libcufft": "cufft",
    "libcufile": "cuFile",
    "libcupti": "cupti",
    "libcurand": "curand",
    "libcusolver": "cusolver",
    "libcusparse": "cusparse",
    "libcusparseLt": "cusparseLt",
    "libnccl": "nccl",
    "libnvrtc": "nvrtc",
    "libnvshmem_host": "nvshmem",
}

NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
VERSIONS_OF = re.compile(r"Version: 1 +File: (\S+)")
VERSION = re.compile(r"Name: (\S+) +Flags:")


@dataclass
class Library:
    """What the dynamic linker reads of one shared library."""

    needed: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    #: Name of each symbol that must come from elsewhere, with its version or "".
    wanted: set[tuple[str, str]] = field(default_factory=set)
    #: Library that each version belongs to.
    version_owners: dict[str, str] = field(default_factory=dict)


@dataclass
class Stub:
    """A library that is to be made: its symbols by version, `""` for those without."""

    soname: str
    symbols: dict[str, set[str]] = field(default_factory=dict)

    def add(self, version: str, name: str) -> None:
        self.symbols.setdefault(version, set()).add(name)

    @property
    def count(self) -> int:
        return sum(len(names) for names in self.symbols.values())


def read_library(path: Path) -> Library:
    library = Library()
    owner = ""
    for line in _output("readelf", "--wide", "--dynamic", "--version-info", "--dyn-syms", str(path)):
        if match := NEEDED.search(line):
            library.needed.add(match[1])
        elif match := VERSIONS_OF.search(line):
            owner = match[1]
        elif owner and (match := VERSION.search(line)):
            library.version_owners[match[1]] = owner
        else:
            _read_symbol(line, library)
    return library


def _read_symbol(line: str, library: Library) -> None:
    # Number, value, size, type, binding, visibility, section, name: `7: 0 0 FUNC GLOBAL DEFAULT UND f@V (2)`
    words = line.split()
    if len(words) < 8 or not re.fullmatch(r"\d+:", words[0]):
        return
    binding, section, symbol = words[4], words[6], words[7]
    name, _, version = symbol.partition("@")
    if section != "UND":
        library.defined.add(name)
    elif binding == "GLOBAL":
        library.wanted.add((name, version.lstrip("@")))


def plan_stubs(libraries: Iterable[Library]) -> list[Stub]:
    """The stand-ins that these libraries need to be loaded together."""
    everything = list(libraries)
    needed = set().union(*(library.needed for library in everything))
    defined = set().union(*(library.defined for library in everything))
    stubs = {soname: Stub(soname) for soname in sorted(needed) if soname.split(".so")[0] in INTERFACES}
    for library in everything:
        for name, version in library.wanted:
            if name in defined:
                continue
            soname = library.version_owners.get(version) if version else _owner_by_name(name, stubs)
            if soname in stubs:
                stubs[soname].add(version, name)
    return list(stubs.values())


def _owner_by_name(name: str, sonames: Iterable[str]) -> str | None:
    """The library whose names begin so; of `cublas` and `cublasLt` the longer one."""
    fitting = {INTERFACES[soname.split(".so")[0]]: soname for soname in sonames}
    prefixes = [prefix for prefix in fitting if name.startswith(prefix)]
    return fitting[max(prefixes, key=len)] if prefixes else None


def build(stub: Stub, folder: Path) -> None:
    """Compiles a stand-in into the folder."""
    functions = sorted(set().union(*stub.symbols.values()))
    source = "".join(f"long {name}(void) {{ return 1; }}\n" for name in functions)
    versions = [
        f"{version} {{ global: {' '.join(f'{name};' for name in sorted(names))} }};\n"
        for version, names in sorted(stub.symbols.items())
        if version
    ]
    with tempfile.TemporaryDirectory() as work:
        code, script = Path(work, "stub.c"), Path(work, "versions")
        # A translation unit must hold something.
        code.write_text(source or "typedef int nothing;\n")
        script.write_text("".join(versions))
        options = ["-shared", "-fPIC", "-O1", "-nostdlib", "-fno-builtin", "-w"]
        if versions:
            options.append(f"-Wl,--version-script={script}")
        _output("gcc", *options, f"-Wl,-soname,{stub.soname}", "-o", str(folder / stub.soname), str(code))


def _output(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed (exit code {done.returncode}):\n{done.stderr.strip()}")
    return done.stdout.splitlines()


def read_wheel(wheel: Path) -> list[Library]:
    """What lies in torch's own folder of libraries."""
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as work:
        # Some carry a version behind `.so`.
        members = [name for name in archive.namelist() if re.fullmatch(r"torch/lib/[^/]+\.so[.0-9]*", name)]
        return [read_library(Path(archive.extract(member, work))) for member in sorted(members)]


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit("usage: make_stubs.py WHEEL_OF_TORCH FOLDER")
    wheel, folder = Path(sys.argv[1]), Path(sys.argv[2])
    stubs = plan_stubs(read_wheel(wheel))
    if not stubs:
        raise SystemExit(
            f"no library in {wheel} is linked to CUDA: this is no wheel of torch, or no CUDA build"
        )
    for stub in stubs:
        build(stub, folder)
        print(f"{stub.soname}: {stub.count} symbols")


if __name__ == "__main__":
    main()
