"""Journey 1: a claim, from the request to the caller's volume, and rescue."""
