"""`advisor eval` and `advisor prompts`: the exam collected, graded and compared."""
