"""`advisor fleet`: many homes on shared servers."""
