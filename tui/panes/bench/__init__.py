"""Measuring models side by side."""
