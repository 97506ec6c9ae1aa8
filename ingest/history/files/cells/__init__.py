"""What single cells and headers say: numbers, times, units, words."""
