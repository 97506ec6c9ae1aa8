"""What was used, as money."""
