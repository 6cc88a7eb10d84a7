"""What every test shares: the feature ledger's part of pytest."""

pytest_plugins = ["fermoposta_docs.ledger_plugin"]
