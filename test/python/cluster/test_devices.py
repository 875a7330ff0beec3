import tempfile
import unittest
from pathlib import Path

from ray_node.cluster import devices
from ray_node.cluster.devices import Devices
from ray_node.config.schema import Accelerators


class DevicesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name in [*(f"davinci{index}" for index in range(8)), "davinci_manager"]:
            (Path(folder.name) / name).touch()
        self.glob = f"{folder.name}/davinci[0-9]*"

    def count(
        self, planned: int, environment: dict[str, str] | None = None, glob: str | None = ""
    ) -> Devices:
        settings = Accelerators(
            planned, None, "NPU", self.glob if glob == "" else glob, "ASCEND_RT_VISIBLE_DEVICES"
        )
        return devices.count(settings, environment or {})

    def test_count_by_device_nodes_and_visible_devices(self) -> None:
        variable = "ASCEND_RT_VISIBLE_DEVICES"
        cases: list[tuple[int, dict[str, str], int, int]] = [
            # planned, environment, found, announced
            (8, {}, 8, 8),
            (16, {}, 8, 8),
            (4, {}, 8, 4),
            (8, {variable: "0,1,2,3,4,5"}, 6, 6),
            (8, {variable: ""}, 0, 0),
            (8, {variable: "0,1,2,3,4,5,6,7,8,9"}, 8, 8),
            (8, {"CUDA_VISIBLE_DEVICES": "0"}, 8, 8),
        ]
        for planned, environment, found, announced in cases:
            with self.subTest(planned=planned, environment=environment):
                counted = self.count(planned, environment)
                self.assertEqual((counted.found, counted.announced), (found, announced))

    def test_count_without_a_glob_is_what_was_planned(self) -> None:
        self.assertEqual(self.count(3, glob=None).found, 3)

    def test_devices_are_shown_with_the_plan(self) -> None:
        self.assertEqual(str(Devices(6, 8, "NPU")), "6 of 8 NPU")
        self.assertEqual(str(Devices(0, 0, None)), "0 of 0 accelerators")


if __name__ == "__main__":
    unittest.main()
