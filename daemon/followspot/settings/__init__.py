"""The one configuration file: strict, frozen, documented."""
