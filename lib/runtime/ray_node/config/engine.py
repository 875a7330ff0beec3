"""Reads the part `engine` of `node.json`."""

from ray_node.config.reader import Reader
from ray_node.config.schema import Completion, Engine, EngineApi, EngineText, FollowerCommand, Requirements

SERVE = "serve"
JOB = "job"
NONE = "none"


def read_engine(reader: Reader) -> Engine:
    kind = reader.choice("kind", (SERVE, JOB, NONE))
    argv = reader.text_list("argv")
    if kind != NONE and reader.value.get("argv") == []:
        reader.note("argv", "a command with at least one word", argv)
    if kind == NONE and argv:
        reader.note("argv", "empty, as nothing runs (kind 'none')", argv)
    return Engine(
        name=reader.text("name"),
        kind=kind,
        argv=tuple(argv),
        api=_api(reader, kind),
        follower=_follower(reader, kind),
        withheld=tuple(reader.text_list("withheld")),
        texts=tuple(
            EngineText(path=_absolute(item, "path"), text=item.any_text("text"))
            for item in reader.children("texts", at_least=0)
        ),
        working_directory=_optional_absolute(reader, "workingDirectory"),
        requires=_requires(reader.child("requires")),
    )


def _api(reader: Reader, kind: str) -> EngineApi | None:
    if kind == SERVE and reader.is_null("api"):
        reader.note("api", "an object of an engine that serves", None)
    api = reader.optional_child("api")
    if api is None:
        return None
    if kind != SERVE:
        reader.note("api", "null unless kind is 'serve'", reader.value["api"])
        return None
    completion = api.child("completion")
    return EngineApi(
        port=api.integer("port", 1, 65535),
        health_path=api.text("healthPath"),
        served_model=api.text("servedModel"),
        completion=Completion(
            path=completion.text("path"),
            body=completion.json_object("body"),
            must_contain=completion.optional_text("mustContain"),
        ),
    )


def _follower(reader: Reader, kind: str) -> FollowerCommand | None:
    follower = reader.optional_child("follower")
    if follower is None:
        return None
    if kind != SERVE:
        # Their ends would have to be told from the job's own.
        reader.note("follower", "null unless kind is 'serve'", reader.value["follower"])
        return None
    argv = follower.text_list("argv")
    if follower.value.get("argv") == []:
        follower.note("argv", "a command with at least one word", argv)
    return FollowerCommand(argv=tuple(argv), rank_flag=follower.text("rankFlag"))


def _requires(reader: Reader) -> Requirements:
    return Requirements(
        programs=tuple(reader.text_list("programs")),
        python_modules=tuple(reader.text_list("pythonModules")),
        paths=tuple(reader.text_list("paths")),
    )


def _absolute(reader: Reader, key: str) -> str:
    found = reader.text(key)
    if found and not found.startswith("/"):
        reader.note(key, "an absolute path", found)
    return found


def _optional_absolute(reader: Reader, key: str) -> str | None:
    found = reader.optional_text(key)
    if found is not None and not found.startswith("/"):
        reader.note(key, "an absolute path or null", found)
    return found
