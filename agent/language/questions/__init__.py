"""Questions taken apart: what is asked, about what, and when."""
