"""The network mode: portal (web), sites in sync (sync), bus of consoles and daemons (bus)."""
