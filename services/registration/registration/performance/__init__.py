"""The public figures: what is counted, what they say, and how they are downloaded."""
