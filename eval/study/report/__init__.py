"""What a study tells: sentences, drawings, one page, JSON."""
