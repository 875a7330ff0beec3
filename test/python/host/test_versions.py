import unittest

from ray_node.host import versions
from ray_node.host.versions import Versions

HEAD = Versions("2.58.0", "3.11.2")
MINOR = {"RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL": "minor"}


class VersionsTest(unittest.TestCase):
    def test_mismatch_of_ray_or_python_is_named(self) -> None:
        cases: list[tuple[Versions, dict[str, str], str | None]] = [
            (Versions("2.58.0", "3.11.2"), {}, None),
            (Versions("2.47.1", "3.11.2"), {}, "Ray 2.47.1 here, 2.58.0 on the head"),
            (Versions("2.58.1", "3.11.2"), MINOR, "Ray 2.58.1 here, 2.58.0 on the head"),
            (Versions("2.58.0", "3.11.3"), {}, "Python 3.11.3 here, 3.11.2 on the head"),
            (Versions("2.58.0", "3.11.3"), MINOR, None),
            (Versions("2.58.0", "3.12.2"), MINOR, "Python 3.12.2 here, 3.11.2 on the head"),
        ]
        for here, environment, wanted in cases:
            with self.subTest(here=here, environment=environment):
                self.assertEqual(versions.mismatch(here, HEAD, environment), wanted)

    def test_is_at_least_compares_releases(self) -> None:
        for version, has in [
            ("2.47.1", False),
            ("2.51.9", False),
            ("2.52.0", True),
            ("3.0", True),
            ("2.9", False),
        ]:
            with self.subTest(version=version):
                self.assertEqual(versions.is_at_least(version, "2.52.0"), has)

    def test_is_at_least_compares_a_development_version_by_its_numbers(self) -> None:
        self.assertTrue(versions.is_at_least("2.60.0.dev0", "2.52.0"))


if __name__ == "__main__":
    unittest.main()
