"""What is known about models: merge, search, fit, registry, selection."""
