"""Does its worst to the whole advisor, bounded and from a seed, and writes down what came of it."""
