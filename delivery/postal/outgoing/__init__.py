"""Packets on their way out: plan, typeset, lay out, draw, print, label, post."""
