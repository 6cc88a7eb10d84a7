"""What is in a folder, for the commands: one source for each kind of folder."""
