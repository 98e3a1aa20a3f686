"""Daemons, brokers and databases that are stopped, cut off and restarted."""
