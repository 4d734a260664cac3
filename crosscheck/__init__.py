"""The kernel: what every layer may know, and nothing that opens a socket or a database."""
