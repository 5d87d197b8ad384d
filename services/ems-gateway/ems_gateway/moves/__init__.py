"""Whose a record is: who answers for an authority, and how records follow when that changes."""
