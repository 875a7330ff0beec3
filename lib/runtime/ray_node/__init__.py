"""The node program: runs in every node's container, forms the Ray cluster and keeps the engine serving."""

REPORT_SCHEMA = 2
STATE_SCHEMA = 1
