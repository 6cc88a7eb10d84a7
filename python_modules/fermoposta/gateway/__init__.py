"""The door for devices: ActiveSync over HTTP, one process per core behind the web server."""
