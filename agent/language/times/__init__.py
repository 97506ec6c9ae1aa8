"""Words for times: found in a text, then placed on a home's clock, ahead of now or behind it."""
