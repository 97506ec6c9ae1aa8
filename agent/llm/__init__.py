"""Language models: which one is there, what it is asked, how its answer is checked; knows nothing else of the agent."""
