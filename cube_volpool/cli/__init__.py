"""``cube-volpool``: the operator's command line, over RPC."""
