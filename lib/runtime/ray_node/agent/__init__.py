"""What a node does: the head, the workers, their state and what each runs beside its loop."""
