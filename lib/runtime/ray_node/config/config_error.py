"""Why a file of the configuration cannot be used."""


class ConfigError(Exception):
    """The configuration cannot be used. `problems` lists everything that is wrong with it."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = problems
        noun = "problem" if len(problems) == 1 else "problems"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"cannot use {source}: {len(problems)} {noun}\n{lines}")
