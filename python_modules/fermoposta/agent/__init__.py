"""The service that acts in mailboxes: work comes by mail from the queue, and by the change feed."""
