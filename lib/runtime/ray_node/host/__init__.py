"""The machine below: addresses, clock, log, processes."""
