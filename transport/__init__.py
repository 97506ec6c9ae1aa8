"""How messages travel: topics, MQTT client, embedded broker, Home Assistant discovery."""
