"""`advisor ha`: dashboard, PV forecast, and leaving Home Assistant as clean as before."""
