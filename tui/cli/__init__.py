"""The same work without a screen: one module per verb."""
