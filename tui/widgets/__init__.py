"""Drawing only: no I/O, no workers."""
