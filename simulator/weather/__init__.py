"""Synthetic weather anywhere on Earth: climate zones, normals, and years drawn from them."""
