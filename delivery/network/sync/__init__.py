"""Sites in sync: a protocol without sockets, a thin transport under it, and the same by hand in a file."""
