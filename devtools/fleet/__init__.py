"""A fleet on this machine: what it survives, what it carries and what it costs."""
