"""Commands against the published engines' own definitions."""

import unittest

from stand_in_case import DEFINITIONS
from stand_ins import flags
from stand_ins.flags import Refused


class FlagsTest(unittest.TestCase):
    vllm = flags.load("vllm-0.33.0", DEFINITIONS)
    lmdeploy = flags.load("lmdeploy-0.18.0", DEFINITIONS)
    roll = flags.load("roll-8eb27cc2", DEFINITIONS)

    def refused(self, *argv: str) -> list[str]:
        with self.assertRaises(Refused) as caught:
            self.vllm.parse(list(argv), positional=1)
        return caught.exception.problems

    def test_a_command_is_taken_apart(self) -> None:
        argv = ["serve", "/m", "--tensor-parallel-size", "4", "--headless", "--seed=7", "--api-key", "a", "b"]
        found = self.vllm.parse(argv, positional=1)
        self.assertEqual(found.positional, ["/m"])
        self.assertEqual(found.number("--tensor-parallel-size", 1), 4)
        self.assertEqual((found.has("--headless"), found.has("--nnodes")), (True, False))
        self.assertEqual((found.text("--seed", ""), found.number("--nnodes", 1)), ("7", 1))
        self.assertEqual(found.values["--api-key"], ["a", "b"])

    def test_what_the_engine_refuses(self) -> None:
        self.assertEqual(
            self.refused("serve", "/m", "--tensor-paralel-size", "8"),
            ["unrecognized arguments: --tensor-paralel-size 8"],
        )
        cases = [
            (["--tensor-parallel-size", "eight"], "argument --tensor-parallel-size: invalid value 'eight'"),
            (["--tensor-parallel-size"], "argument --tensor-parallel-size: takes value, not ''"),
            (["--headless", "1"], "argument --headless: takes switch, not '1'"),
            (["--dtype", "fp8"], "argument --dtype: invalid value 'fp8'"),
            (["--gpu-memory-utilization", "much"], "argument --gpu-memory-utilization: invalid value 'much'"),
            (["--port", "1", "--port", "2"], "--port is given twice"),
        ]
        for argv, sentence in cases:
            with self.subTest(argv=argv):
                self.assertIn(sentence, self.refused("serve", "/m", *argv))

    def test_another_command_and_a_missing_model(self) -> None:
        self.assertEqual(self.refused("bench", "/m"), ["does not begin with 'serve'"])
        self.assertEqual(len(self.refused("serve", "--port", "1")), 1)

    def test_the_other_engines(self) -> None:
        argv = ["serve", "api_server", "/m", "--backend", "pytorch", "--tp", "4"]
        self.assertEqual(self.lmdeploy.parse(argv, positional=1).number("--tp", 1), 4)
        with self.assertRaises(Refused):
            self.lmdeploy.parse([*argv, "--tensor-parallel-size", "4"], positional=1)
        found = self.roll.parse(["--config_path", "../x", "--config_name", "pipeline"], positional=0)
        self.assertEqual(found.text("--config_path", ""), "../x")


if __name__ == "__main__":
    unittest.main()
