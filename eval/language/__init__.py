"""What people say to the advisor: phrases to learn from, an exam of other phrases, and its tables."""
