"""The ledger: the first of the two doors.  ``store.Store`` is its front."""
