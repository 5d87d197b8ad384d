"""What happened to each application, chained and signed, and the statement of a day."""
