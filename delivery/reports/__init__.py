"""Annexes, disclosure, transcript, plots."""
