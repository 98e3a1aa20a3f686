"""Cinder and Keystone: the volume API and the keyrings behind it."""
