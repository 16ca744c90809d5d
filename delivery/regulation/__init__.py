"""Regulation profiles (data) and rules by article; pure."""
