"""The error sweep: every request of a journey goes wrong in every way."""
