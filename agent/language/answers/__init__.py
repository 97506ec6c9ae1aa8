"""Answers found and worded: from a question to the query, and from its facts to sentences."""
