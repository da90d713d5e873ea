"""Decisions, pure: facts and `now` in, a verdict out. No clock, no event loop, no SQL."""
