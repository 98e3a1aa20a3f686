"""Whole journeys, over the simulated cloud and a real ledger."""
