"""The technician's console."""
