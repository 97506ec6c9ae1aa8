"""Electricity prices as integrations and markets publish them: one reader per shape, a book of what is known."""
