"""A local Home Assistant, and the pictures in the docs; run by `make`, not part of the installed program."""
