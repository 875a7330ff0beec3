"""Why a file of the configuration cannot be used."""

from ray_node.host import text

#: Of one problem: they may quote what the file holds.
_MAXIMUM = 1000


class ConfigError(Exception):
    """The configuration cannot be used. `problems` lists everything that is wrong with it."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = [text.one_line(problem, _MAXIMUM) for problem in problems]
        noun = "problem" if len(problems) == 1 else "problems"
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"cannot use {source}: {len(problems)} {noun}\n{lines}")
