"""Before you buy: what panels and a battery would do to the bill of a home, played over a year."""
