"""The service that carries changes of the directory to the daemons, within seconds."""
