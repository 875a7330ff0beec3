import os
import sys
import unittest
import unittest.mock

import support

from ray_node.cluster import ray_process
from ray_node.cluster.devices import Devices

COMMON = [
    *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"),
    "--node-ip-address=10.89.28.10",
    "--node-name=npu-0",
    "--node-manager-port=6380",
    "--object-manager-port=6381",
    "--runtime-env-agent-port=6382",
    "--dashboard-agent-grpc-port=6383",
    "--dashboard-agent-listen-port=6384",
    "--metrics-export-port=6385",
    "--min-worker-port=10002",
    "--max-worker-port=10999",
]


class RayProcessTest(unittest.TestCase):
    @unittest.mock.patch.object(ray_process, "_is_installed", return_value=False)
    def test_argv_of_the_head(self, _: object) -> None:
        argv = ray_process.argv(support.parsed(), "npu-0", "10.89.28.10", Devices(8, 8, "NPU"))
        self.assertEqual(
            argv,
            [
                *COMMON,
                *("--head", "--port=6379"),
                *("--include-dashboard=false", "--dashboard-host=127.0.0.1", "--dashboard-port=8265"),
                *(
                    "--num-cpus=1",
                    "--object-store-memory=104857600",
                    "--num-gpus=0",
                    '--resources={"NPU": 8}',
                ),
            ],
        )

    def test_dashboard_is_on_with_a_token_and_its_packages_and_only_on_loopback(self) -> None:
        cases: list[tuple[str, bool, bool]] = [
            ("token", True, True),
            ("token", False, False),
            ("none", True, False),
            ("none", False, False),
        ]
        for authentication, installed, on in cases:
            with self.subTest(authentication=authentication, installed=installed):
                config = support.parsed({"ray.authentication": authentication})
                with unittest.mock.patch.object(ray_process, "_is_installed", return_value=installed):
                    argv = ray_process.argv(config, "npu-0", "10.89.28.10", Devices(8, 8, "NPU"))
                flags = [word for word in argv if "dashboard-host" in word or "include-dashboard" in word]
                off = [] if on else ["--include-dashboard=false"]
                self.assertEqual(flags, [*off, "--dashboard-host=127.0.0.1"])

    def test_argv_of_a_worker(self) -> None:
        config = support.parsed(
            {
                "node.role": "worker",
                "node.address": "10.89.28.11",
                "ray.cpus": None,
                "ray.objectStoreBytes": None,
            }
        )
        argv = ray_process.argv(config, "npu-0", "10.89.28.10", Devices(8, 8, "NPU"))
        self.assertEqual(
            argv, [*COMMON, "--address=10.89.28.10:6379", "--num-gpus=0", '--resources={"NPU": 8}']
        )

    def test_argv_announces_the_accelerators_found(self) -> None:
        cases: list[tuple[Devices, list[str]]] = [
            (Devices(6, 8, "NPU"), ["--num-gpus=0", '--resources={"NPU": 6}']),
            (Devices(6, 8, "GPU"), ["--num-gpus=6"]),
            (Devices(16, 8, "GPU"), ["--num-gpus=8"]),
            (Devices(0, 0, None), ["--num-gpus=0"]),
            (Devices(2, 2, "neuron_cores"), ["--num-gpus=0", '--resources={"neuron_cores": 2}']),
        ]
        for devices, wanted in cases:
            with self.subTest(devices=devices):
                argv = ray_process.argv(support.parsed(), "npu-0", "10.89.28.10", devices)
                self.assertEqual(argv[-len(wanted) :], wanted)
                self.assertEqual(sum("num-gpus" in word or "resources" in word for word in argv), len(wanted))

    def test_port_of_ray_client_is_pinned_where_grpcio_would_open_it(self) -> None:
        for installed in (True, False):
            with (
                self.subTest(installed=installed),
                unittest.mock.patch.object(ray_process, "_is_installed", return_value=installed),
            ):
                argv = ray_process.argv(support.parsed(), "npu-0", "10.89.28.10", Devices(8, 8, "NPU"))
                self.assertEqual("--ray-client-server-port=10001" in argv, installed)

    def test_argv_holds_no_secret(self) -> None:
        words = " ".join(ray_process.argv(support.parsed(), "npu-0", "10.89.28.10", Devices(8, 8, "NPU")))
        self.assertNotIn("token", words)

    def test_explain_names_the_cause(self) -> None:
        cases: list[tuple[str, str | None]] = [
            ("ray.exceptions.AuthenticationError: Token ...", "wrong token: .*"),
            (
                "RuntimeError: Version mismatch: The cluster was started with:\n Ray: 2.58",
                "version mismatch: .*2.58",
            ),
            ("This node has been marked as dead by the GCS", ".*given this node up.*"),
            ("node_manager.cc:513: GCS consider this node to be dead. This may", ".*given this node up.*"),
            ("Ray is trying to start at x:6379, but is already running", "another Ray.*"),
            (
                "Exception: The current node timed out during startup. This could",
                ".*Ray's own 30 s.*overloaded.*",
            ),
            ("OSError: [Errno 28] No space left on device: '/tmp/ray/session_1'", "a disk or .* is full.*"),
            ("all is well", None),
        ]
        for text, wanted in cases:
            with self.subTest(text=text):
                cause = ray_process.explain(text.splitlines())
                if wanted is None:
                    self.assertIsNone(cause)
                else:
                    self.assertRegex(cause or "", wanted)

    def test_little_room_warns_of_a_disk_that_ray_uses_no_more(self) -> None:
        """vllm-project/vllm#3568, #721; InternLM/lmdeploy#3457: "/tmp/ray/... is over 95% full"."""
        for free, wanted in ((0, True), (49, True), (50, True), (51, False), (900, False)):
            # Blocks of 1 MiB; root may use some more.
            disk = os.statvfs_result((4096, 1 << 20, 1000, free + 20, free, 0, 0, 0, 0, 255))
            with self.subTest(free=free), unittest.mock.patch("os.statvfs", return_value=disk):
                found = ray_process.little_room()
                self.assertEqual(found is not None, wanted)
        with unittest.mock.patch("os.statvfs", side_effect=OSError(2, "gone")):
            self.assertIsNone(ray_process.little_room())
        with unittest.mock.patch(
            "os.statvfs", return_value=os.statvfs_result((1, 1 << 30, 100, 2, 2, 0, 0, 0, 0, 255))
        ):
            self.assertRegex(
                ray_process.little_room() or "", r"^the disk of /tmp is 98% full, 2\.0 GiB are left"
            )

    def test_telling_lines_leave_out_stack_frames(self) -> None:
        output = [
            "a",
            "",
            " raylet(+0x23cb24) [0x55] main",
            "----- END raylet.out tail -----",
            "[state-dump] x",
            "b",
        ]
        self.assertEqual(ray_process.telling(output), ["a", "b"])


if __name__ == "__main__":
    unittest.main()
