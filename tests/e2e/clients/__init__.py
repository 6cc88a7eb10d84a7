"""Real clients, told where the appliance is."""
