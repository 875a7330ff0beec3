"""The subcommands of `python3 -m ray_node`."""
