"""What capture nodes need beside a driver: reading ahead, the clocks of devices, media sources."""
