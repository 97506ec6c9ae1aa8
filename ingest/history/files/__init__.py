"""Tables that people have from suppliers, inverters and spreadsheets, read for what they mean."""
