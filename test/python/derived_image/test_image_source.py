from __future__ import annotations

import json
import os
import shutil
import subprocess
import unittest
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock
from venv import EnvBuilder

import image_source
import pip
import python_packages
from image_source import Git, Source, read_sources
from package_versions import Refused

RECIPE = Path(image_source.__file__).parent
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
SOURCE = {
    "repository": "https://example.org/ROLL",
    "commit": "0" * 40,
    "requirements": "requirements.txt",
    "folder": "/workspace/ROLL",
    "keep": ["torch", "torch-npu"],
    "rayVersion": "2.48.0",
}


class SourcesTest(unittest.TestCase):
    def test_reads_what_the_synth_writes(self) -> None:
        self.assertEqual(
            read_sources(json.dumps([SOURCE, {**SOURCE, "requirements": None, "rayVersion": None}])),
            [
                Source(
                    "https://example.org/ROLL",
                    "0" * 40,
                    requirements,
                    "/workspace/ROLL",
                    ["torch", "torch-npu"],
                    ray,
                )
                for requirements, ray in (("requirements.txt", "2.48.0"), (None, None))
            ],
        )

    def test_without_a_source_needs_no_git(self) -> None:
        with TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"PATH": ""}):
            image_source.fetch([], Path(folder, "sources"), {}, Path(folder))
            image_source.install([], Path(folder, "sources"), {})


class GitTest(unittest.TestCase):
    """Where the image has no git; the package manager is one of the test's own."""

    def setUp(self) -> None:
        temporary = TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.secrets = self.folder / "secrets"
        self.secrets.mkdir()
        self.programs = self.folder / "bin"
        self.programs.mkdir()
        for name in ("sh", "env"):
            (self.programs / name).symlink_to(shutil.which(name) or "")
        path = mock.patch.dict(os.environ, {"PATH": str(self.programs)})
        path.start()
        self.addCleanup(path.stop)

    def write_program(self, name: str, text: str) -> None:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    def test_installs_it_with_the_distribution_behind_the_same_proxy(self) -> None:
        said = self.folder / "said"
        for name in ("apt-get", "dnf"):
            self.write_program(name, f'echo "{name} $*, $http_proxy" >>{said}')
        Git({"PATH": str(self.programs), "HTTP_PROXY": "http://proxy:3128"}, self.secrets)
        self.assertEqual(
            said.read_text().splitlines(),
            [
                "apt-get update -qq, http://proxy:3128",
                "apt-get install -y -qq --no-install-recommends git ca-certificates, http://proxy:3128",
            ],
        )

    def test_says_that_it_could_not_be_installed(self) -> None:
        self.write_program("dnf", "exit 1")
        with self.assertRaisesRegex(Refused, "no git, and dnf could not install it"):
            Git({"PATH": str(self.programs)}, self.secrets)

    def test_says_that_there_is_no_way_to_install_it(self) -> None:
        with self.assertRaisesRegex(Refused, "neither git nor a package manager"):
            Git({"PATH": str(self.programs)}, self.secrets)

    def test_gives_credentials_and_authorities_to_git_alone_as_paths(self) -> None:
        said = self.folder / "said"
        self.write_program("git", f'echo "$* $GIT_SSL_CAINFO" >>{said}')
        for name in ("git-credentials", "certificate-authorities"):
            (self.secrets / name).write_text("https://me:hunter2@example.org\n")
        (source,) = read_sources(json.dumps([SOURCE]))
        Git({"PATH": str(self.programs)}, self.secrets).fetch(source, self.folder / "source")
        lines = said.read_text().splitlines()
        self.assertEqual(len(lines), 4)
        for line in lines:
            self.assertIn(f"credential.helper=store --file={self.secrets}/git-credentials", line)
            self.assertTrue(line.endswith(f" {self.secrets}/certificate-authorities"), line)
            self.assertNotIn("hunter2", line)


class BuildTest(unittest.TestCase):
    """Both steps with real git and pip, in an environment of its own that plays the base image."""

    def setUp(self) -> None:
        temporary = TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        EnvBuilder().create(self.folder / "base")
        self.python = self.folder / "base" / "bin" / "python"
        shutil.copytree(Path(pip.__file__).parent, self.folder / "pip" / "pip")
        (packages,) = self.folder.glob("base/lib/python*/site-packages")
        (packages / "pip.pth").write_text(f"{self.folder / 'pip'}\n")
        self.variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "PYTHON", "GIT_"))
        }
        self.variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder / "index")}
        (self.folder / "index").mkdir()
        for name, version in [
            ("torch", "2.6.0"),
            ("torch", "2.7.0"),
            ("numpy", "1.26.4"),
            ("numpy", "2.1.0"),
            ("ray", "2.48.0"),
            ("trl", "0.9.6"),
        ]:
            self.write_wheel(name, version)
        self.run_pip("install", "torch==2.6.0", "numpy==2.1.0")
        self.target = self.folder / "workspace" / "ROLL"
        self.commit = self.make_repository({"main.py": "print()\n", **self.needs("torch==2.6.*", "numpy<2")})

    @staticmethod
    def needs(*lines: str) -> dict[str, str]:
        """As ROLL has it: a file that names another one and a package of the repository."""
        return {
            "requirements.txt": "-r common.txt\n" + "".join(f"{line}\n" for line in lines),
            "common.txt": "ray==2.48.0  # pinned\ntrl\n",
        }

    def write_wheel(self, name: str, version: str) -> None:
        info = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": f"VERSION = '{version}'\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": WHEEL,
        }
        record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
        with zipfile.ZipFile(self.folder / "index" / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for path, text in {**files, f"{info}/RECORD": record}.items():
                wheel.writestr(path, text)

    def run_pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "--quiet", *arguments]
        subprocess.run(command, env=self.variables, check=True, capture_output=True)

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
        done = subprocess.run(
            command, cwd=self.folder / "repository", check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def make_repository(self, files: dict[str, str]) -> str:
        """A commit that is not the last one of its branch; its id."""
        repository = self.folder / "repository"
        if not repository.exists():
            repository.mkdir()
            self.git("init", "--quiet")
        for name, text in files.items():
            (repository / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "one")
        commit = self.git("rev-parse", "HEAD")
        self.git("commit", "--quiet", "--allow-empty", "--message", "two")
        return commit

    def build(self, *steps: str, **change: object) -> tuple[int, str]:
        """Exit code and output of the first step that fails, else of the last."""
        build = self.folder / "build"
        shutil.rmtree(build, ignore_errors=True)
        shutil.copytree(RECIPE, build, ignore=shutil.ignore_patterns("__pycache__"))
        source = {
            **SOURCE,
            "repository": f"file://{self.folder}/repository",
            "commit": self.commit,
            "folder": str(self.target),
            **change,
        }
        (build / "sources.json").write_text(json.dumps([source]))
        code, output = 0, ""
        for step in steps or ("fetch", "install"):
            if code == 0:
                command = [str(self.python), str(build / "image_source.py"), step, "what it must achieve"]
                done = subprocess.run(
                    command, env=self.variables, capture_output=True, text=True, check=False
                )
                code, output = done.returncode, done.stdout + done.stderr
        return code, output

    def versions(self) -> dict[str, str]:
        program = [str(self.python), str(RECIPE / "python_packages.py"), "held"]
        done = subprocess.run(program, env=self.variables, capture_output=True, text=True, check=True)
        found: dict[str, str] = json.loads(done.stdout)
        return {name: found[name] for name in ("torch", "numpy", "ray", "trl") if name in found}

    def test_installs_the_commit_and_what_its_requirements_name(self) -> None:
        code, output = self.build()
        self.assertEqual(code, 0, output)
        self.assertEqual(
            self.versions(), {"torch": "2.6.0", "numpy": "1.26.4", "ray": "2.48.0", "trl": "0.9.6"}
        )
        self.assertIn("requirements.txt: numpy 2.1.0 became 1.26.4", output)
        self.assertEqual((self.target / "main.py").read_text(), "print()\n")

    def test_refuses_requirements_that_would_change_what_is_kept(self) -> None:
        self.commit = self.make_repository(self.needs("torch==2.7.*"))
        code, output = self.build()
        self.assertEqual(code, 1)
        self.assertIn("could not install requirements.txt and keep what is kept (torch); see above", output)
        self.assertEqual(self.versions()["torch"], "2.6.0")

    def test_changes_what_is_not_kept(self) -> None:
        self.commit = self.make_repository(self.needs("torch==2.7.*"))
        code, output = self.build(keep=[])
        self.assertEqual(code, 0, output)
        self.assertEqual(self.versions()["torch"], "2.7.0")

    def test_installs_nothing_without_a_requirements_file(self) -> None:
        code, output = self.build(requirements=None, rayVersion=None)
        self.assertEqual(code, 0, output)
        self.assertEqual(self.versions(), {"torch": "2.6.0", "numpy": "2.1.0"})
        self.assertTrue((self.target / "main.py").is_file())

    def test_says_that_the_requirements_bring_another_ray_than_declared(self) -> None:
        code, output = self.build(rayVersion="2.58.0")
        self.assertEqual(code, 1)
        self.assertIn("declared with Ray 2.58.0, and holds 2.48.0: correct rayVersion", output)

    def test_says_that_the_repository_has_no_such_commit_or_file(self) -> None:
        for change, said in [
            ({"commit": "f" * 40}, f"file://{self.folder}/repository has no commit {'f' * 40}"),
            ({"requirements": "r.txt"}, f"has no file r.txt at {self.commit}"),
            ({"repository": f"file://{self.folder}/nowhere"}, "git could not fetch"),
        ]:
            with self.subTest(said):
                code, output = self.build("fetch", **change)
                self.assertEqual(code, 1)
                self.assertIn(said, output)

    def test_leaves_a_folder_of_the_base_alone(self) -> None:
        self.target.mkdir(parents=True)
        (self.target / "old").write_text("old")
        code, output = self.build()
        self.assertEqual(code, 1)
        self.assertIn(f"the base image holds {self.target} already", output)
        self.assertEqual(os.listdir(self.target), ["old"])


class RecordTest(unittest.TestCase):
    def test_is_the_same_for_the_same_packages_only(self) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, "etc", "image-digest")

            def recorded(held: dict[str, str]) -> str:
                with (
                    mock.patch.object(python_packages, "RECORD", path),
                    mock.patch.object(python_packages, "held_packages", return_value=held),
                ):
                    python_packages.main(["record", "what it must achieve"])
                return path.read_text()

            first = recorded({"a": "1", "b": "2"})
            self.assertRegex(first, r"^packages@sha256:[0-9a-f]{64}\n$")
            self.assertEqual(recorded({"b": "2", "a": "1"}), first)
            self.assertNotEqual(recorded({"a": "1", "b": "3"}), first)


if __name__ == "__main__":
    unittest.main()
