"""Quality control of recordings: one analysing decode, a verdict with reasons, a report for people."""
