"""The consoles of technicians and clerks."""
