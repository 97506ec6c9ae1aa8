"""The exam: policies replayed over homes and windows, graded against rules and the perfect-foresight bound."""
