"""A conversation as lines: Markdown that grows while it is written, drawn at little cost."""
