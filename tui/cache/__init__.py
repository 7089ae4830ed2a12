"""What is on disk, and how to add to it."""
