"""What our services share: the configuration file, readiness, logs, and a graceful stop."""
