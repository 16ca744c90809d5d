"""Daemons and consoles talk over pyzmq."""
