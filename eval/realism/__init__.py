"""Does a synthetic home look like life? Its figures beside those of recorded ones."""
