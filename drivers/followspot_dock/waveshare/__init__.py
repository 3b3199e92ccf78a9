"""Waveshare's pan-tilt: JSON lines over UART (docs/other-docks.md)."""
