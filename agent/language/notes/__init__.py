"""Household notes: read, said back, kept once confirmed."""
