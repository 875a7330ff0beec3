"""The engine: its process, its ranks on other nodes, its API, and the culprit when it fails."""
