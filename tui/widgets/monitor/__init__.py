"""What the monitor and its dock draw from samples."""
