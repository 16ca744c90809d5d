"""Wiring only: builds the parts of one home and hands each what it needs. Holds no rule."""

from delivery.app.core import App

__all__ = ["App"]
