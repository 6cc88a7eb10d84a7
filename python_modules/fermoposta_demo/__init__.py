"""Test hosts and demo content: what the controller needs to show and to test an appliance."""
