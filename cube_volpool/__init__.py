"""A pool of ready boot volumes for OpenStack Cinder."""
