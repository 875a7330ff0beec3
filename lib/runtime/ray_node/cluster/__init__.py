"""Ray's processes on this node, and who is a member of the cluster."""
