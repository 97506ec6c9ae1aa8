"""Records of finished cells, priced and measured."""
