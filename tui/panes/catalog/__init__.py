"""Finding models: list, search, details, run."""
