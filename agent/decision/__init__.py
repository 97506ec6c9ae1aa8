"""One decision: situation, plan, choice, guard and reason, and the journal of everything that led there."""
