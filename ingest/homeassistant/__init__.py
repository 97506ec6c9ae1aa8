"""Home Assistant read: client, statistics, energy preferences, and a mapping proposed from them."""
