"""Implementations of the specifications of badges: Open Badges, verifiable credentials, DIDs, status lists.

Nothing in here knows a web framework, a database, a broker or a setting; what touches the network
is passed in.
"""
