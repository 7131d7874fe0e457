"""Where videos are kept: adapters of the port `manimatic.ports.Storage`, one module each."""
