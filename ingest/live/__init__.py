"""Live readings: from foreign sensors to a checked snapshot, and what each slot metered."""
