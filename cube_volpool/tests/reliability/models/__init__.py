"""Explicit-state models of the claim and of the top-up protocol."""
