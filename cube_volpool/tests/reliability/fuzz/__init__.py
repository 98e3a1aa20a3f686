"""Messages that nobody should send, in great number."""
