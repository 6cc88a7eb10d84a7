"""What clients need to set themselves up: facts of the site in, documents out.

Nothing here looks anyone up: every answer depends on the domain alone, so that none tells whether
an address exists.
"""
