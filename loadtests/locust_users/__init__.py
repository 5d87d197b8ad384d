"""What locustfile.py is made of: people, partners and councils as locust's users.

Everything here runs under gevent: nothing of asyncio's is used, only coroutines that never wait.
"""
