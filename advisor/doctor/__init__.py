"""`advisor doctor`: everything a user can get wrong, each with the way to mend it."""
