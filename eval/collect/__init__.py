"""Homes, suites and policies, played cell by cell into records."""
