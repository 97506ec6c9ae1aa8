"""`advisor explain` and `advisor replay`: why a decision was made, and the same decision made again."""
