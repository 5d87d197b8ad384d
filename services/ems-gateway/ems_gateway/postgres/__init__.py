"""Every SQL statement of the gateway, by what it is about.

Whoever changes anything about an attempt locks its row of `attempt` first, in order of the key;
so two transactions never wait for each other in a circle. A batch of arrivals first inserts the
attempts that nobody knew, then locks the others, each in that order. Leases skip what is locked.
"""
