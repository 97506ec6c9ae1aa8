"""What it is worth to remember days by what the household remarked of them: a diary, its effect, and the exam of it."""
