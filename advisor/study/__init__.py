"""`advisor study`: before you buy."""
