"""meshbot: plan, review and apply AWS network meshes from pull requests."""

__version__ = "0.1.0"
