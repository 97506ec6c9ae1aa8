"""A home that never was: weather, people, appliances and car from a few facts."""
