"""What the advisor remembers: the day store, its Chroma indices, similar days and forecasts."""
