"""Tariffs known by name, each a data file with its sources and dates."""
