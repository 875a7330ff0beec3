"""Starts the stand-in that has the name of this file: the image holds it under the engines' own names."""

import runpy
import sys
from pathlib import Path

MODULES = {"vllm": "vllm", "lmdeploy": "lmdeploy", "start_agentic_pipeline": "roll"}

if __name__ == "__main__":
    runpy.run_module(f"stand_ins.{MODULES[Path(sys.argv[0]).stem]}", run_name="__main__", alter_sys=False)
