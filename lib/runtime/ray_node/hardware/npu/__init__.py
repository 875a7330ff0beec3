"""Ascend NPUs: tools, facts, checks and the rank table."""
