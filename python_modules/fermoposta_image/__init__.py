"""The appliance as a disk: built in a container, booted in QEMU, described by an SBOM."""
