from __future__ import annotations

import json
import os
import shutil
import subprocess
import unittest
import unittest.mock
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from venv import EnvBuilder

import pip
import python_packages
from package_versions import (
    Locked,
    Pin,
    Refused,
    changes,
    constraints,
    read_pins,
    same_version,
)
from python_packages import Pip, environment

PROGRAM = Path(python_packages.__file__)
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class PinsTest(unittest.TestCase):
    def test_reads_every_line(self) -> None:
        text = "ray[default]==2.58.0\ntyping-extensions==4.16.0\n"
        self.assertEqual(
            read_pins(text),
            [
                Pin("ray", True, "2.58.0", "ray[default]==2.58.0"),
                Pin("typing-extensions", False, "4.16.0", "typing-extensions==4.16.0"),
            ],
        )

    def test_refuses_what_is_not_pinned(self) -> None:
        with self.assertRaisesRegex(Refused, "'ray>=2' is not pinned"):
            read_pins("msgpack==1.0\nray>=2\n")

    def test_compares_versions_as_a_requirement_does(self) -> None:
        for wanted, held, same in [
            ("2.58.0", "2.58.0", True),
            ("2.58", "2.58.0", True),
            ("2.10", "2.1", False),
            ("2.10.0", "2.10.0+cu130", True),
            ("2.10.0+cu130", "2.10.0", False),
            ("1.0.0rc1", "1.0rc1", True),
            ("1.0.0", "1.0.0rc1", False),
            ("10.0.1", "10.1", False),
        ]:
            with self.subTest(wanted=wanted, held=held):
                self.assertIs(same_version(wanted, held), same)


class ConstraintsTest(unittest.TestCase):
    def test_hold_every_version_that_pip_can_read(self) -> None:
        held = {
            "torch": "2.10.0+cu130",
            "numpy": "1.26.4",
            "odd": "2024.1-custom-build_x",
            "a": "1!2.0.post1.dev3",
        }
        self.assertEqual(constraints(held), "a==1!2.0.post1.dev3\nnumpy==1.26.4\ntorch==2.10.0+cu130\n")

    def test_changes_name_what_moved_and_what_went_but_not_what_came(self) -> None:
        self.assertEqual(
            changes({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}),
            ["b 1 became 2", "c 1 became nothing"],
        )


class EnvironmentTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_takes_files_by_their_path_and_values_by_their_text(self) -> None:
        (self.folder / "pip-configuration").write_text("[global]\n")
        (self.folder / "certificate-authorities").write_text("-----")
        (self.folder / "PIP_INDEX_URL").write_text("https://user:secret@index.example/simple\n")
        values = environment(self.folder)
        self.assertEqual(values["PIP_CONFIG_FILE"], str(self.folder / "pip-configuration"))
        for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            self.assertEqual(values[name], str(self.folder / "certificate-authorities"))
        self.assertEqual(values["PIP_INDEX_URL"], "https://user:secret@index.example/simple")

    def test_leaves_out_what_is_not_given_or_empty(self) -> None:
        (self.folder / "HTTPS_PROXY").write_text("")
        values = environment(self.folder)
        for name in ("HTTPS_PROXY", "PIP_CONFIG_FILE", "PIP_CERT"):
            self.assertEqual(values.get(name), os.environ.get(name))


class InstallTest(unittest.TestCase):
    """With the real pip, in an environment of its own that plays the base image. No index is needed."""

    pip_folder: Path
    folder: Path
    python: Path
    variables: dict[str, str]
    link: Path

    @classmethod
    def setUpClass(cls) -> None:
        """A pip that environments can share: to make each with its own takes seconds."""
        temporary = TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.pip_folder = Path(temporary.name)
        shutil.copytree(Path(pip.__file__).parent, cls.pip_folder / "pip")

    def setUp(self) -> None:
        temporary = TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        EnvBuilder().create(self.folder / "base")
        self.python = self.folder / "base" / "bin" / "python"
        (packages,) = self.folder.glob("base/lib/python*/site-packages")
        self.link = packages / "pip.pth"
        self.link.write_text(f"{self.pip_folder}\n")
        self.variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))
        }
        self.variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder / "index")}
        (self.folder / "index").mkdir()
        for name, version, *needs in [
            ("held", "1.0"),
            ("held", "2.0"),
            ("new", "1.0", "held", "other"),
            ("greedy", "1.0", "held>=2"),
            ("other", "3.0"),
        ]:
            self.write_wheel(name, version, needs)
        self.run_pip("install", "held==1.0")

    def write_wheel(self, name: str, version: str, needs: list[str]) -> None:
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        files = {
            f"{name}.py": f"VERSION = '{version}'\n",
            f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {need}\n" for need in needs),
            f"{info}/WHEEL": WHEEL,
        }
        record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
        with zipfile.ZipFile(self.folder / "index" / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for path, text in {**files, f"{info}/RECORD": record}.items():
                wheel.writestr(path, text)

    def run_pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "--quiet", *arguments]
        subprocess.run(command, env=self.variables, check=True, capture_output=True)

    def build(self, *pins: str, lock: str = "") -> tuple[int, str]:
        """Both steps of the recipe; exit code and output of the first that fails, else of the last."""
        build = self.folder / "build"
        shutil.rmtree(build, ignore_errors=True)
        build.mkdir()
        (build / "packages.lock").write_text(lock)
        (build / "packages.txt").write_text("".join(f"{pin}\n" for pin in pins))
        shutil.copytree(
            PROGRAM.parent, build, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
        code, output = 0, ""
        for step in ("fetch", "install"):
            if code == 0:
                command = [str(self.python), str(build / PROGRAM.name), step, "what it must achieve"]
                done = subprocess.run(
                    command, env=self.variables, capture_output=True, text=True, check=False
                )
                code, output = done.returncode, done.stdout + done.stderr
        return code, output

    def lock_of_image(self) -> str:
        return (self.folder / "base" / "share" / "ray-cluster" / "packages.lock").read_text()

    def as_published(self) -> None:
        self.run_pip("uninstall", "--yes", "new", "other")

    def versions(self) -> dict[str, str]:
        program = "import python_packages, json; print(json.dumps(python_packages.held_packages()))"
        variables = {**self.variables, "PYTHONPATH": str(PROGRAM.parent)}
        done = subprocess.run(
            [str(self.python), "-c", program], env=variables, capture_output=True, text=True, check=True
        )
        found: dict[str, str] = json.loads(done.stdout)
        return {name: found[name] for name in ("held", "new", "other", "greedy") if name in found}

    def test_adds_packages_with_what_they_need(self) -> None:
        code, output = self.build("new==1.0")
        self.assertEqual(code, 0, output)
        self.assertEqual(self.versions(), {"held": "1.0", "new": "1.0", "other": "3.0"})

    def test_with_the_lock_of_an_earlier_build_is_the_same_a_week_later_or_an_error(self) -> None:
        self.assertEqual(self.build("new==1.0")[0], 0)
        lock = self.lock_of_image()
        self.assertEqual([line.split()[0] for line in lock.splitlines()], ["new==1.0", "other==3.0"])

        # What the pin needs has moved.
        self.write_wheel("other", "4.0", [])
        self.as_published()
        self.assertEqual(self.build("new==1.0")[0], 0)
        self.assertEqual(self.versions()["other"], "4.0")
        self.as_published()
        code, output = self.build("new==1.0", lock=lock)
        self.assertEqual(code, 0, output)
        self.assertEqual(self.versions(), {"held": "1.0", "new": "1.0", "other": "3.0"})
        self.assertEqual(self.lock_of_image(), lock)

        # The same version was published again, with other content.
        self.as_published()
        self.write_wheel("other", "3.0", ["held"])
        code, output = self.build("new==1.0", lock=lock)
        self.assertEqual(code, 1)
        self.assertIn("pip could not fetch what packages.lock names with these hashes", output)
        self.assertEqual(self.versions(), {"held": "1.0"})

    def test_refuses_a_lock_of_other_pins_or_another_base(self) -> None:
        digest = f"--hash=sha256:{'0' * 64}"
        cases = [
            (f"other==3.0 {digest}", "packages.lock has no version for new==1.0: create it again"),
            (f"new==2.0 {digest}", "packages.lock has 2.0 for new==1.0: create it again"),
            (f"new==1.0 {digest}\nheld==2.0 {digest}", "held 2.0 is locked, and the base image holds 1.0"),
            ("new==1.0", "'new==1.0' is not name==version with --hash=sha256:... of its files"),
        ]
        for lock, words in cases:
            with self.subTest(lock=lock):
                code, output = self.build("new==1.0", lock=f"# made by a tool\n{lock}\n")
                self.assertEqual(code, 1)
                self.assertIn(words, output)

    def test_runs_no_program_of_a_package(self) -> None:
        for wheel in (self.folder / "index").glob("new-*"):
            wheel.unlink()
        source = self.folder / "new-1.0"
        source.mkdir()
        (source / "setup.py").write_text(f"open({str(self.folder / 'ran')!r}, 'w').close()\n")
        shutil.make_archive(str(self.folder / "index" / "new-1.0"), "gztar", self.folder, "new-1.0")
        code, output = self.build("new==1.0")
        self.assertEqual(code, 1)
        self.assertIn("could not fetch new==1.0 as a wheel", output)
        self.assertFalse((self.folder / "ran").exists())

    def test_refuses_another_version_of_what_the_base_holds(self) -> None:
        code, output = self.build("held==2.0", "new==1.0")
        self.assertEqual(code, 1)
        self.assertIn("held==2.0 is to be added, and the base image holds held 1.0", output)
        self.assertEqual(self.versions(), {"held": "1.0"})

    def test_refuses_what_would_change_the_base_by_its_own_needs(self) -> None:
        code, output = self.build("greedy==1.0")
        self.assertEqual(code, 1)
        self.assertIn("could not add greedy==1.0 and keep what the base image holds", output)
        self.assertIn("greedy 1.0 depends on held>=2", output)
        self.assertEqual(self.versions(), {"held": "1.0"})

    def test_says_that_an_index_does_not_have_a_package(self) -> None:
        code, output = self.build("new==9.9")
        self.assertEqual(code, 1)
        self.assertIn("pip could not fetch new==9.9", output)

    def test_needs_nothing_for_what_the_base_holds_already(self) -> None:
        for wheel in (self.folder / "index").iterdir():
            wheel.unlink()
        code, output = self.build("held==1.0")
        self.assertEqual(code, 0, output)

    def test_a_base_that_was_broken_before_is_no_reason(self) -> None:
        self.run_pip("install", "--no-deps", "greedy==1.0")
        code, output = self.build("other==3.0")
        self.assertEqual(code, 0, output)

    def test_says_that_the_base_has_no_pip(self) -> None:
        self.link.unlink()
        code, output = self.build("new==1.0")
        self.assertEqual(code, 1)
        self.assertIn("the base image has no pip", output)


class VerdictTest(unittest.TestCase):
    """What pip does against its constraints, which the real one does not."""

    def setUp(self) -> None:
        temporary = TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        patched = unittest.mock.patch.object(python_packages, "LOCK", Path(temporary.name, "packages.lock"))
        patched.start()
        self.addCleanup(patched.stop)

    class Careless(Pip):
        def __init__(self, complaints: list[set[str]]) -> None:
            self._complaints = iter(complaints)

        def install(self, pins: list[Pin], folder: Path, limits: Path) -> list[Locked]:
            return []

        def complaints(self) -> set[str]:
            return next(self._complaints)

    def test_new_complaints_of_pip_check_fail_the_build(self) -> None:
        pip = self.Careless([{"old is broken"}, {"old is broken", "new is broken"}])
        with self.assertRaisesRegex(Refused, "do not fit together: new is broken$"):
            python_packages.install([], {}, Path(), pip)

    def test_a_changed_base_fails_the_build(self) -> None:
        moved = {**python_packages.held_packages(), "numpy": "0.1"}
        with (
            unittest.mock.patch.object(python_packages, "held_packages", return_value=moved),
            self.assertRaisesRegex(Refused, "changed what the base image holds: numpy 0.1 became"),
        ):
            python_packages.install([], {}, Path(), self.Careless([set(), set()]))


if __name__ == "__main__":
    unittest.main()
