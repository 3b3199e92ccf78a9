"""Cameras that speak VISCA: over a serial line, TCP, or UDP with Sony's header (docs/other-docks.md)."""
