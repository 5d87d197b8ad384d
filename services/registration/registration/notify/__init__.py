"""Copies of receipts, by e-mail or text: asked for, sealed, and sent later by one task."""
