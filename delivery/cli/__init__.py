"""One command group, one file."""
