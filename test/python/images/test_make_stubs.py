"""Stand-ins for CUDA libraries: planned from what libraries ask for, made and loaded for real."""

import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import make_stubs
from make_stubs import Library


def library(
    needed: list[str], wanted: list[tuple[str, str]], defined: list[str], owners: dict[str, str]
) -> Library:
    return Library(needed=set(needed), wanted=set(wanted), defined=set(defined), version_owners=owners)


class PlanTest(unittest.TestCase):
    def planned(self, *libraries: Library) -> dict[str, dict[str, set[str]]]:
        return {stub.soname: stub.symbols for stub in make_stubs.plan_stubs(libraries)}

    def test_symbols_with_a_version_go_to_the_library_that_the_version_belongs_to(self) -> None:
        owners = {"libcufft.so.12": "libcufft.so.12", "GLIBC_2.17": "libc.so.6"}
        wanted = [("cufftPlan", "libcufft.so.12"), ("clock", "GLIBC_2.17")]
        one = library(["libcufft.so.12", "libc.so.6"], wanted, [], owners)
        self.assertEqual(self.planned(one), {"libcufft.so.12": {"libcufft.so.12": {"cufftPlan"}}})

    def test_symbols_without_a_version_go_by_their_name_to_the_longest_beginning(self) -> None:
        wanted = [("cusparseLtInit", ""), ("cusparseCreate", ""), ("PyList_New", "")]
        one = library(["libcusparse.so.12", "libcusparseLt.so.0"], wanted, [], {})
        self.assertEqual(
            self.planned(one),
            {"libcusparse.so.12": {"": {"cusparseCreate"}}, "libcusparseLt.so.0": {"": {"cusparseLtInit"}}},
        )

    def test_what_another_library_defines_is_left_to_it(self) -> None:
        one = library(["libnccl.so.2"], [("ncclSend", ""), ("ncclOwnHelper", "")], [], {})
        other = library([], [], ["ncclOwnHelper"], {})
        self.assertEqual(self.planned(one, other), {"libnccl.so.2": {"": {"ncclSend"}}})

    def test_a_library_of_which_nothing_is_taken_is_made_all_the_same(self) -> None:
        self.assertEqual(self.planned(library(["libcurand.so.10"], [], [], {})), {"libcurand.so.10": {}})

    def test_driver_runtime_and_the_system_get_none(self) -> None:
        one = library(["libcuda.so.1", "libcudart.so.13", "libc.so.6"], [("cuInit", "")], [], {})
        self.assertEqual(self.planned(one), {})


def missing_programs() -> list[str]:
    return [program for program in ("gcc", "readelf") if shutil.which(program) is None]


@unittest.skipIf(missing_programs(), f"skipped: no {', no '.join(missing_programs())}")
class BuildTest(unittest.TestCase):
    """A library that is linked to NCCL (no versions) and cuFFT (versions), with neither of them there."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.stubs = self.folder / "stubs"
        self.stubs.mkdir()
        real = self.folder / "real"
        real.mkdir()
        self.compile(real / "libnccl.so.2", "int ncclSend(void) { return 0; }")
        script = self.folder / "map"
        script.write_text("libcufft.so.12 { global: cufftPlan; };\n")
        self.compile(
            real / "libcufft.so.12", "int cufftPlan(void) { return 0; }", f"-Wl,--version-script={script}"
        )
        self.linked = self.folder / "libtorch_cuda.so"
        self.compile(
            self.linked,
            "int ncclSend(void), cufftPlan(void); int sum(void) { return 10 * ncclSend() + cufftPlan(); }",
            str(real / "libnccl.so.2"),
            str(real / "libcufft.so.12"),
            f"-Wl,-rpath,{self.stubs}",
        )

    def compile(self, path: Path, code: str, *options: str) -> None:
        source = path.with_suffix(".c")
        source.write_text(code)
        soname = f"-Wl,-soname,{path.name}"
        subprocess.run(["gcc", "-shared", "-fPIC", soname, "-o", path, source, *options], check=True)

    def wheel(self, *members: tuple[Path, str]) -> Path:
        path = self.folder / "torch-1.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for file, name in members:
                archive.write(file, name)
        return path

    def run_script(self, wheel: Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, make_stubs.__file__, str(wheel), str(self.stubs)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def load_and_call(self) -> "subprocess.CompletedProcess[str]":
        """In a process of its own: a library stays loaded, and serves whoever wants one of its name."""
        program = f"import ctypes; print(ctypes.CDLL({str(self.linked)!r}).sum())"
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    def test_without_them_the_library_cannot_be_loaded(self) -> None:
        self.assertRegex(self.load_and_call().stderr, r"OSError: lib(nccl|cufft)\.so\.\d+: cannot open")

    def test_with_them_it_is_loaded_and_every_call_is_an_error(self) -> None:
        done = self.run_script(self.wheel((self.linked, "torch/lib/libtorch_cuda.so")))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "libcufft.so.12: 1 symbols\nlibnccl.so.2: 1 symbols\n")
        self.assertEqual(self.load_and_call().stdout, "11\n")

    def test_a_wheel_without_cuda_is_refused(self) -> None:
        done = self.run_script(self.wheel((self.linked, "other/libtorch_cuda.so")))
        self.assertEqual(done.returncode, 1)
        self.assertIn("is linked to CUDA", done.stderr)


if __name__ == "__main__":
    unittest.main()
