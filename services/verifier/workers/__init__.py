"""Processes that verify: what is hostile computes there, and every core is used.

The service keeps the connections, the documents it fetched and the fence around them; a worker has the engine and nothing
else. They speak over a socket pair in CBOR, which builds nothing but plain values whatever a worker was made to say.
"""
