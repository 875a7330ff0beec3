"""`make_served_models.py MODEL FOLDER`: three models of one, which differ in what their servers answer.

thinking    its tokenizer knows the tokens of a reasoning parser
base        its tokenizer has no chat template
embedding   as it is
"""

import json
import shutil
import sys
from pathlib import Path

THINKING = ("<think>", "</think>")


def know_thinking(folder: Path) -> None:
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    first = 1 + max(
        *tokenizer["model"]["vocab"].values(), *(token["id"] for token in tokenizer["added_tokens"])
    )
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokenizer["added_tokens"] += [
        {"id": first + index, "content": word, **flags} for index, word in enumerate(THINKING)
    ]
    path.write_text(json.dumps(tokenizer))


def forget_chats(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    settings.pop("chat_template", None)
    path.write_text(json.dumps(settings))


def main() -> None:
    model, folder = map(Path, sys.argv[1:])
    for name in ("thinking", "base", "embedding"):
        shutil.copytree(model, folder / name)
    know_thinking(folder / "thinking")
    forget_chats(folder / "base")


if __name__ == "__main__":
    main()
