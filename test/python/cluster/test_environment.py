import unittest
from typing import Any

import support

from ray_node.cluster import environment
from ray_node.host.address import LocalAddress

OWN = LocalAddress("eth7", "10.89.28.10")
SCOPED: dict[str, Any] = {
    "environment.cluster": {"RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES": "1"},
    "environment.node": {"HCCL_IF_IP": "address", "GLOO_SOCKET_IFNAME": "interface"},
    "environment.driver": {"HF_HUB_OFFLINE": "1"},
}


class EnvironmentTest(unittest.TestCase):
    def test_variables_reach_the_processes_of_their_scope(self) -> None:
        config = support.parsed(SCOPED)
        built = environment.build(config, OWN, {"PATH": "/bin"})
        self.assertEqual(
            built.ray,
            {
                "PATH": "/bin",
                "RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES": "1",
                "HCCL_IF_IP": "10.89.28.10",
                "GLOO_SOCKET_IFNAME": "eth7",
                "RAY_AUTH_MODE": "token",
                "RAY_AUTH_TOKEN_PATH": "/var/lib/ray-cluster/secrets/ray-token",
                "AUTOSCALER_METRIC_PORT": "6386",
                "DASHBOARD_METRIC_PORT": "6387",
            },
        )
        self.assertEqual(
            {name: value for name, value in built.engine.items() if name not in built.ray},
            {"HF_HUB_OFFLINE": "1", "RAY_ADDRESS": "10.89.28.10:6379", "PYTHONUNBUFFERED": "1"},
        )

    def test_proxy_is_not_for_the_nodes_of_the_cluster(self) -> None:
        """Reports: ray-project/ray#12598; sgl-project/sglang#9155, #9814; vllm-project/vllm#5779."""
        within = "localhost,127.0.0.1,0.0.0.0,10.89.28.10,10.89.28.0/24"
        cases: list[tuple[dict[str, str], dict[str, str], str | None]] = [
            ({}, {}, None),
            ({"NO_PROXY": "a.example"}, {}, None),
            ({"HTTPS_PROXY": ""}, {}, None),
            ({"HTTPS_PROXY": "http://proxy.example:3128"}, {}, within),
            ({"http_proxy": "http://proxy.example:3128"}, {}, within),
            ({}, {"HTTP_PROXY": "http://of.the.image"}, within),
            (
                {"HTTP_PROXY": "http://p", "NO_PROXY": "a.example, 127.0.0.1"},
                {},
                f"a.example,127.0.0.1,{within}",
            ),
            ({"HTTP_PROXY": "http://p", "no_proxy": "b.example"}, {"NO_PROXY": "c"}, f"b.example,c,{within}"),
        ]
        for declared, image, wanted in cases:
            with self.subTest(declared=declared, image=image):
                config = support.parsed({**SCOPED, "environment.cluster": declared})
                built = environment.build(config, OWN, {"PATH": "/bin", **image})
                expected = None if wanted is None else ",".join(dict.fromkeys(wanted.split(",")))
                found = built.ray.get("no_proxy")
                self.assertEqual(found, expected)
                if expected is not None:
                    self.assertEqual(built.ray["NO_PROXY"], expected)
                    # Clients that know no networks need each address.
                    self.assertEqual(built.engine["NO_PROXY"], f"{expected},10.89.28.11")

    def test_tls_is_named_by_the_paths_of_its_files(self) -> None:
        files = {"authority": "/tls/authority.crt", "certificate": "/tls/node.crt", "key": "/tls/node.key"}
        built = environment.build(support.parsed({"tls": files}), OWN, {})
        tls = {name: value for name, value in built.ray.items() if "TLS" in name}
        self.assertEqual(
            tls,
            {
                "RAY_USE_TLS": "1",
                "RAY_TLS_CA_CERT": "/tls/authority.crt",
                "RAY_TLS_SERVER_CERT": "/tls/node.crt",
                "RAY_TLS_SERVER_KEY": "/tls/node.key",
            },
        )
        self.assertEqual({**built.engine, **tls}, built.engine)

    def test_list_of_paths_goes_before_the_images_own(self) -> None:
        config = support.parsed(
            {
                "environment.cluster": {
                    "LD_LIBRARY_PATH": "/nnal/lib",
                    "LD_PRELOAD": "/a.so",
                    "OTHER_PATH": "/x",
                },
                "environment.node": {},
                "environment.driver": {"PYTHONPATH": "/workspace/ROLL", "PATH": "/opt/bin"},
            }
        )
        image = {
            "LD_LIBRARY_PATH": "/cann/lib64",
            "LD_PRELOAD": "",
            "OTHER_PATH": "/y",
            "PYTHONPATH": "/cann/python",
            "PATH": "/bin",
        }
        built = environment.build(config, OWN, image)
        self.assertEqual(built.ray["LD_LIBRARY_PATH"], "/nnal/lib:/cann/lib64")
        self.assertEqual((built.ray["LD_PRELOAD"], built.ray["OTHER_PATH"]), ("/a.so", "/x"))
        self.assertEqual((built.ray["PYTHONPATH"], built.ray["PATH"]), ("/cann/python", "/bin"))
        self.assertEqual(built.engine["LD_LIBRARY_PATH"], "/nnal/lib:/cann/lib64")
        self.assertEqual(built.engine["PYTHONPATH"], "/workspace/ROLL:/cann/python")
        self.assertEqual(built.engine["PATH"], "/opt/bin:/bin")
        # The state shows what was declared.
        self.assertEqual(built.recorded["cluster"]["LD_LIBRARY_PATH"], "/nnal/lib")

    def test_variables_of_the_container_do_not_redirect_ray(self) -> None:
        outside = {"RAY_ADDRESS": "1.2.3.4:6379", "RAY_AUTH_TOKEN": "s3cr3t", "HCCL_IF_IP": "9.9.9.9"}
        built = environment.build(support.parsed(SCOPED), OWN, outside)
        self.assertNotIn("RAY_ADDRESS", built.ray)
        self.assertNotIn("RAY_AUTH_TOKEN", built.ray)
        self.assertEqual(built.ray["HCCL_IF_IP"], "10.89.28.10")
        self.assertNotIn("s3cr3t", str(built))

    def test_cluster_without_authentication_disables_it_explicitly(self) -> None:
        """Ray 2.61 turns tokens on by itself."""
        built = environment.build(
            support.parsed({"ray.authentication": "none"}), OWN, {"RAY_AUTH_TOKEN_PATH": "/x"}
        )
        self.assertEqual(built.ray["RAY_AUTH_MODE"], "disabled")
        self.assertNotIn("RAY_AUTH_TOKEN_PATH", built.ray)

    def test_own_variables_win_over_values_found_on_the_node(self) -> None:
        config = support.parsed(
            {**SCOPED, "environment.own": {"RANK": "1", "HCCL_IF_IP": "10.89.28.99"}}
            | {"environment.node": {"HCCL_IF_IP": "address", "NCCL_SOCKET_IFNAME": "exact-interface"}}
        )
        built = environment.build(config, OWN, {})
        self.assertEqual((built.ray["RANK"], built.engine["RANK"]), ("1", "1"))
        self.assertEqual(built.ray["NCCL_SOCKET_IFNAME"], "=eth7")
        # What is declared for one node wins over what every node finds.
        self.assertEqual(built.ray["HCCL_IF_IP"], "10.89.28.99")
        self.assertEqual(
            built.recorded["node"],
            {"HCCL_IF_IP": "10.89.28.99", "NCCL_SOCKET_IFNAME": "=eth7", "RANK": "1"},
        )

    def test_withheld_variables_are_removed_from_the_engine_only(self) -> None:
        config = support.parsed({**SCOPED, "engine.withheld": ["RANK_TABLE", "HF_HUB_OFFLINE", "NOT_THERE"]})
        built = environment.build(config, OWN, {"RANK_TABLE": "/etc/x"})
        self.assertEqual(built.ray["RANK_TABLE"], "/etc/x")
        self.assertNotIn("RANK_TABLE", built.engine)
        self.assertNotIn("HF_HUB_OFFLINE", built.engine)

    def test_follower_has_driver_variables_and_its_own_address(self) -> None:
        changes: dict[str, Any] = {
            **SCOPED,
            "node.role": "worker",
            "node.address": "10.89.28.11",
            "engine.follower": {"argv": ["vllm"], "rankFlag": "--node-rank"},
        }
        own = LocalAddress("eth3", "10.89.28.11")
        built = environment.build(support.parsed(changes), own, {})
        self.assertEqual((built.engine["HF_HUB_OFFLINE"], built.engine["HCCL_IF_IP"]), ("1", "10.89.28.11"))
        self.assertEqual(built.recorded["driver"], {"HF_HUB_OFFLINE": "1"})
        without = environment.build(support.parsed({**changes, "node.accelerators.planned": 0}), own, {})
        self.assertEqual(without.recorded["driver"], {})

    def test_only_the_head_records_driver_values(self) -> None:
        head = environment.build(support.parsed(SCOPED), OWN, {})
        worker = environment.build(
            support.parsed({**SCOPED, "node.role": "worker", "node.address": "10.89.28.11"}), OWN, {}
        )
        self.assertEqual(head.recorded["driver"], {"HF_HUB_OFFLINE": "1"})
        self.assertEqual(worker.recorded["driver"], {})
        self.assertEqual(head.recorded["node"], {"HCCL_IF_IP": "10.89.28.10", "GLOO_SOCKET_IFNAME": "eth7"})


if __name__ == "__main__":
    unittest.main()
