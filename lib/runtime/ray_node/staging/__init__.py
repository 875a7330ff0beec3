"""How the model comes to every node."""
