"""How the demo models are made. Its packages are no dependency of the program."""
