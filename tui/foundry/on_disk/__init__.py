"""What lies in a model cache: whole models, partial downloads, models of the user's own."""
