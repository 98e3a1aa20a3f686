#!/bin/bash
# Measures a claim on the real lab, which is brought up if it does not run and
# is left running, beside a bare accept and beside direct creates.
#
#   tools/bench/claim.sh [--rounds N] [--creates N] [--type noflat|ssd]
#                        [--json FILE] [--check]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lab/ready.sh
. "$here/../lab/ready.sh"
exec "$VENV/bin/python" -W ignore "$here/claim.py" "$@"
