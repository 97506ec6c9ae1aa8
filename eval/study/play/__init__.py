"""What is played: places, homes, tariffs, and the pieces of which each answer is kept."""
