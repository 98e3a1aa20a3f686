#!/bin/bash
# Shows the service on the real lab, which is brought up if it does not run
# and is left running. A daemon of its own fills two pools and serves claims
# of two projects, timed beside direct creates. Removes its volumes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ready.sh
. "$here/ready.sh"
exec "$VENV/bin/python" -W ignore "$here/demo.py"
