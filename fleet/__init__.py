"""Many homes on shared servers: sites bridge to one broker, streams in Redis, workers that plan and archive."""
