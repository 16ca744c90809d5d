"""Partner sites in sync."""
