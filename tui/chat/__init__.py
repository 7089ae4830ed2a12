"""Conversations: turns, figures, saving."""
