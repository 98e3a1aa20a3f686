"""The crash sweep: a daemon dies at every call through its two doors."""
