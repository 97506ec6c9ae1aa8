"""`advisor setup`: a home's Home Assistant read, and both settings files written from it."""
