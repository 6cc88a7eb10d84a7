"""
The mail that a device sends: what it asks, the mail as it goes out, and that it goes out once.

What a device has written is sent octet by octet, but for what may not be sent and what is missing.
A reply or a forward takes the original along, part by part as it is stored.
"""
