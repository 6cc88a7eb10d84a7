"""The REST API of the portal, for programs: tokens, routes, and what they answer."""
