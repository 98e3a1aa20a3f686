"""Tests of cube_volpool.

The threading backend has to be chosen before anything imports
oslo_service or oslo_messaging, so it stands here, where every test
process passes first.
"""
from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)
