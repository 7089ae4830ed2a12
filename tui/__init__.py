"""Foundry TUI: find, run, talk to, watch, measure and choose local language models."""

__version__ = "0.1.0"
