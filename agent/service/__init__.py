"""The loop: what arrives, when to decide and publish, what is shown."""
