"""The wire protocol, version 1, sans-I/O: frames on a byte stream or in datagrams, and the messages they carry.

Both ends use it: the driver as host, a simulated or real dock with the roles reversed.
"""
