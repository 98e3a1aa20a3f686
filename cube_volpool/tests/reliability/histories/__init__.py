"""Random histories: three daemons, one clock, one seed."""
