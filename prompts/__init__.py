"""Versioned prompt files and the strict library that renders them."""
