"""What is on disk, and bringing models of one's own."""
