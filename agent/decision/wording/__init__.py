"""The sentences of reasons and problems, in each language."""
