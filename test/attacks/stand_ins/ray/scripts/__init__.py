"""`python3 -m ray.scripts.scripts start`, as the node program calls it."""
