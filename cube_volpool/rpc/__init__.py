"""The wire: names and versions, the endpoint, and nothing of the pool."""
