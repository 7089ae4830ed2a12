"""CPU, memory and processes, sampled cheaply."""
