"""The programs.

Whoever imports one of them passes here first, so this is where the threading
backend is chosen: the first import of oslo_messaging would choose eventlet,
for good.
"""

import warnings

# oslo.service imports eventlet as a library whatever backend is chosen, and
# an operator can do nothing about that.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

from oslo_service import backend  # noqa: E402

backend.init_backend(backend.BackendType.THREADING)
