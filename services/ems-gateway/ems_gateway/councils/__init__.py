"""What councils send up: paper applications and corrected answers."""
