"""The portal: client set-up for everyone, and a home page for who signs in.

Pages are HTML that works without JavaScript; nothing is fetched from other hosts.
"""
