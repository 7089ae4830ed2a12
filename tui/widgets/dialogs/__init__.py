"""Questions and lists that lie over the panes."""
