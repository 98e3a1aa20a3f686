"""Nothing secret is read where it does not belong: canaries everywhere."""
