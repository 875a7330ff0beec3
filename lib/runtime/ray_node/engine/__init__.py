"""The engine: its process, its ranks on other nodes, its API, and who is to blame when it fails."""
