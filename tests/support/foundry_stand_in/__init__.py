"""A stand-in for the `foundry` binary and its service, of either generation, with faults.

It stands for what is not on a test machine: Microsoft's closed command line. Its answers follow
the formats that the real one was seen to print, with made-up models. It keeps its state in a
directory, so that command and service, two processes as with the real one, know of each other.
Only the standard library, since a new process of it is started for each command.
"""
