"""Every SQL statement of this service, by what it is about; rows go in and out by the hundred.

Whoever changes attempts locks their rows in order of the key, so that no two transactions wait for
each other in a circle.
"""
