"""The types of single values in `node.json`."""

from typing import Annotated

from ray_node.channel.plain import where, within

Text = Annotated[str, where("non-empty text", bool)]
AbsolutePath = Annotated[str, where("an absolute path", lambda path: path.startswith("/"))]
Port = Annotated[int, within(1, 65535)]
Seconds = Annotated[float, where("a number of seconds above 0", lambda seconds: seconds > 0)]
