"""`advisor weather`: PV and temperature from a free weather service."""
