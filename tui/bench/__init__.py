"""Side-by-side measurement: plan, runner, metrics, statistics, reports."""
