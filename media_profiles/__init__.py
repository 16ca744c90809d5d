"""The media profiles, one TOML file each, as package data."""
