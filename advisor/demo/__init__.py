"""`advisor demo`: broker, house and advisor brought up together, one day played and told."""
