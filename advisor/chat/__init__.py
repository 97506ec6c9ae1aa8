"""`advisor chat`: ask about the home in a terminal, or once from a script."""
