"""Lesson recordings in, house material out: look, measure, conform, cut, prove, store."""
