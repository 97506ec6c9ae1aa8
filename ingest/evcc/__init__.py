"""evcc: chargers, cars, meters and heat pumps that a home has behind it."""
