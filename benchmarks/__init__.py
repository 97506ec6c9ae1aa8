"""Speeds and memory on this machine; run by `make bench`, not part of the installed program."""
