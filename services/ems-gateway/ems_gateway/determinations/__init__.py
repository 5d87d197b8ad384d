"""What EROs decide of applications."""
