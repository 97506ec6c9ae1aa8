"""One file per command that needs no package of its own."""
