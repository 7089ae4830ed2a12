"""The pane Monitor."""
