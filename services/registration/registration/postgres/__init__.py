"""Every SQL statement of registration."""
