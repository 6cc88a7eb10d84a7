"""Who has lost a password gets a new one: by a link, by SMS, or by questions."""
