"""The kind of a note or question: its names, the learned classifier, and what it masks."""
