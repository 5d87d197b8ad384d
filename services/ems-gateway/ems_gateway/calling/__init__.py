"""Who calls: credentials of EROs, from a file and from commands, and what they prove."""
