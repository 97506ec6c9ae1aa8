"""The service over HTTP: what it shows, what may be asked of it, and who may do so."""
