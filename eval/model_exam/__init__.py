"""The exam of a language model: choices, notes, questions, tools and hostile text."""
