"""A simulated house on MQTT that knows no advisor."""
