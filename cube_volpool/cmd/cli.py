"""``cube-volpool``: the operator's command line."""

import sys

from cube_volpool.cli import shell

main = shell.main

if __name__ == "__main__":
    sys.exit(main())
