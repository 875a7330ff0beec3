"""`node.json`: read, checked, as typed data."""
