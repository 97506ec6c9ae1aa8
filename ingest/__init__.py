"""How data comes in: history from files and recorded homes, live sensors with their quality gate."""
