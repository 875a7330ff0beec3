"""The extraction, against small packages written the way the engines are written."""

from __future__ import annotations

import json
import tempfile
import textwrap
import unittest
import zipfile
from pathlib import Path

from engine_source import SourceTree
from extract_engine_flags import document
from lmdeploy_flags import lmdeploy, lmdeploy_proxy
from roll_keys import roll
from vllm_flags import vllm

VLLM = {
    "vllm/config/parallel.py": """
        Backend = Literal["ray", "mp"]
        More = Literal["auto", Backend]
        class Ready:
            seconds: int = 1
        class ParallelConfig:
            tensor_parallel_size: int = Field(default=1, ge=1)
            backend: str | Backend | type[Executor] | None = None
            closed: More = "auto"
            eager: bool = False
            sizes: list[int] | None = None
            ready: Ready = None
            share: float = 0.9
            length: int | None = None
            level: bool | str | None = None
    """,
    "vllm/engine/arg_utils.py": """
        def _compute_kwargs(cls):
            human_readable_int_args = {"length"}
        class EngineArgs:
            @staticmethod
            def add_cli_args(parser):
                kwargs = get_kwargs(ParallelConfig)
                group = parser.add_argument_group(title="x")
                group.add_argument("--tensor-parallel-size", "-tp", **kwargs["tensor_parallel_size"])
                group.add_argument("--backend", **kwargs["backend"])
                group.add_argument("--closed", **{**kwargs["closed"], "default": None})
                group.add_argument("--eager", **kwargs["eager"])
                group.add_argument("--sizes", **kwargs["sizes"])
                group.add_argument("--share", **kwargs["share"])
                group.add_argument("--length", **kwargs["length"])
                group.add_argument("--level", **kwargs["level"])
                ready_kwargs = get_kwargs(ParallelConfig)["ready"]
                group.add_argument("--ready", **ready_kwargs)
                group.add_argument("--plain", type=int, choices=["1", "2"])
        class AsyncEngineArgs(EngineArgs):
            @staticmethod
            def add_cli_args(parser):
                parser.add_argument("--log", action=argparse.BooleanOptionalAction)
    """,
    "vllm/entrypoints/cli_args.py": """
        class BaseFrontendArgs:
            origins: list[str] = None
            @classmethod
            def _customize_cli_kwargs(cls, frontend_kwargs):
                del frontend_kwargs["origins"]["nargs"]
        class FrontendArgs(BaseFrontendArgs):
            port: int = 8000
        def make_arg_parser(parser):
            parser.add_argument("model_tag", nargs="?")
            parser.add_argument("--headless", action="store_true")
    """,
    "vllm/envs.py": """
        environment_variables = {"VLLM_A": lambda: 1, "CUDA_HOME": lambda: 2}
    """,
    "vllm/ray/ray_env.py": """
        RAY_NON_CARRY_OVER_ENV_VARS_FILE = os.path.join(CONFIG_HOME, "list.json")
        DEFAULT_ENV_VAR_PREFIXES: set[str] = {"VLLM_", "NCCL_"}
        DEFAULT_EXTRA_ENV_VARS: set[str] = {"PYTHONHASHSEED"}
    """,
    "vllm/v1/executor/ray_utils.py": """
        WORKER_SPECIFIC_ENV_VARS: set[str] = {"VLLM_HOST_IP"}
    """,
}

LMDEPLOY = {
    "lmdeploy/cli/serve.py": """
        class SubCliServe:
            @staticmethod
            def add_parser_api_server():
                parser.add_argument("model_path")
                ArgumentHelper.device(parser)
                ArgumentHelper.group(parser)
            @staticmethod
            def add_parser_proxy():
                parser.add_argument("--of-proxy")
    """,
    "lmdeploy/cli/utils.py": """
        class ArgumentHelper:
            @staticmethod
            def device(parser, default="cuda", choices: list[str] = ["cuda", "ascend"]):
                return parser.add_argument("--device", type=str, choices=choices)
            @staticmethod
            def group(parser):
                ArgumentHelper.keys(parser)
                parser.add_argument("--eager-mode", action="store_true")
            @staticmethod
            def keys(parser):
                parser.add_argument("--api-keys", nargs="*")
    """,
    "lmdeploy/pytorch/envs.py": """
        os.getenv("NOT_RECORDED")
        with set_envs():
            a = env_to_bool("FLAG", False)
            os.getenv("HCCL_IF_IP", None)
    """,
}

ROLL = {
    "examples/start_agentic_pipeline.py": 'parser.add_argument("--config_name")',
    "examples/agentic_demo/agent_val_frozen_lake_multi_nodes_demo.yaml": "seed: 1\nactor_train:\n  a: 2\n",
    "examples/config/traj_envs.yaml": "max_actions_per_traj: 10\n",
    "roll/configs/base.py": "class Base:\n    seed: int = 1\n",
    "roll/pipeline/agentic/agentic_config.py": "class AgenticConfig(Base):\n    actor: Base = None\n",
    "roll/distributed/scheduler/driver_utils.py": 'os.getenv("RANK", "0")',
    "mcore_adapter/src/mcore_adapter/training_args.py": "class TrainingArguments:\n    size: int = 1\n",
}


def folder(files: dict[str, str], place: Path) -> SourceTree:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")
    return SourceTree(place)


class Extraction(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.place = Path(scratch.name)

    def test_vllm_flags(self) -> None:
        flags = vllm(folder(VLLM, self.place))["flags"]
        self.assertEqual(
            flags,
            {
                "--tensor-parallel-size": {"takes": "value", "type": "integer"},
                "-tp": {"takes": "value", "type": "integer"},
                "--backend": {"takes": "value"},
                "--closed": {"takes": "value", "choices": ["auto", "mp", "ray"]},
                "--eager": {"takes": "switch"},
                "--no-eager": {"takes": "switch"},
                "--sizes": {"takes": "values"},
                "--share": {"takes": "value", "type": "number"},
                "--length": {"takes": "value"},
                "--level": {"takes": "optional value"},
                "--ready": {"takes": "value"},
                "--plain": {"takes": "value", "type": "integer", "choices": ["1", "2"]},
                "--log": {"takes": "switch"},
                "--no-log": {"takes": "switch"},
                "--origins": {"takes": "value"},
                "--port": {"takes": "value", "type": "integer"},
                "--headless": {"takes": "switch"},
            },
        )

    def test_what_vllm_copies(self) -> None:
        older = {
            "prefixes": ["NCCL_", "VLLM_"],
            "names": ["PYTHONHASHSEED"],
            "registered": ["CUDA_HOME"],
            "never": ["VLLM_HOST_IP"],
            "exclusionFile": "list.json",
            "everything": False,
        }
        self.assertEqual(vllm(folder(VLLM, self.place))["copied"], older)
        newer = {**VLLM, "vllm/v1/executor/ray_executor_v2.py": ""}
        self.assertEqual(vllm(folder(newer, self.place))["copied"], {**older, "everything": True})

    def test_a_second_executor_that_is_off_changes_nothing(self) -> None:
        switch = 'environment_variables = {"V": lambda: os.getenv("VLLM_USE_RAY_V2_EXECUTOR_BACKEND", "0")}'
        files = {**VLLM, "vllm/v1/executor/ray_executor_v2.py": "", "vllm/envs.py": switch}
        copied = vllm(folder(files, self.place))["copied"]
        assert isinstance(copied, dict)
        self.assertFalse(copied["everything"])

    def test_lmdeploy(self) -> None:
        found = lmdeploy(folder(LMDEPLOY, self.place))
        self.assertEqual(
            found["flags"],
            {
                "--device": {"takes": "value", "choices": ["ascend", "cuda"]},
                "--eager-mode": {"takes": "switch"},
                "--api-keys": {"takes": "values"},
            },
        )
        self.assertEqual(found["copied"], {"names": ["FLAG", "HCCL_IF_IP"]})

    def test_lmdeploy_proxy(self) -> None:
        found = lmdeploy_proxy(folder(LMDEPLOY, self.place))
        self.assertEqual(
            found, {"command": ["lmdeploy", "serve", "proxy"], "flags": {"--of-proxy": {"takes": "value"}}}
        )

    def test_roll(self) -> None:
        found = roll(folder(ROLL, self.place))
        self.assertEqual(found["flags"], {"--config_name": {"takes": "value"}})
        self.assertEqual(found["environment"], ["RANK"])
        self.assertEqual(found["recipeKeys"], ["actor_train", "max_actions_per_traj", "seed"])
        self.assertEqual(
            found["classes"],
            {
                "Base": {"bases": [], "fields": {"seed": "int"}},
                "AgenticConfig": {"bases": ["Base"], "fields": {"actor": "Base"}},
            },
        )
        self.assertEqual(found["megatron"], {"TrainingArguments": {"bases": [], "fields": {"size": "int"}}})

    def test_a_wheel_says_what_it_is(self) -> None:
        wheel = self.place / "x-1.2.3-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("x-1.2.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: x\nVersion: 1.2.3\n")
            archive.writestr("x/a.py", "class A: ...\n")
        source = SourceTree(wheel)
        self.assertEqual(source.metadata, ("x", "1.2.3"))
        self.assertEqual(source.with_class("A"), "x/a.py")
        with self.assertRaises(SystemExit):
            source.with_class("B")

    def test_the_document_has_a_line_for_each_flag(self) -> None:
        text = document({"package": "x", "flags": {"--b": {"takes": "value"}, "--a": {"takes": "switch"}}})
        lines = text.splitlines()
        self.assertEqual(lines[3:5], ['    "--a": {"takes": "switch"},', '    "--b": {"takes": "value"}'])
        self.assertEqual(json.loads(text)["package"], "x")


if __name__ == "__main__":
    unittest.main()
