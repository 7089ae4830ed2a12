"""The grammar of the verbs, a module for each room. Loads argparse and nothing else."""
