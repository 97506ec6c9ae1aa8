"""The house as numbers: pure functions over quantities, with no input, output, clock or randomness."""
