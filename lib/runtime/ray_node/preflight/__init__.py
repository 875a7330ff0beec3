"""What is checked before the engine starts."""
