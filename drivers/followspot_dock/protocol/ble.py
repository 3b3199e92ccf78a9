"""The dock as a Bluetooth LE peripheral: where its frames go. One frame is one attribute value."""

SERVICE_UUID = "875ef500-0748-448c-adc1-bfa4f03dd955"
COMMAND_UUID = "875ef501-0748-448c-adc1-bfa4f03dd955"
"""Host to dock; write without response."""
REPORT_UUID = "875ef502-0748-448c-adc1-bfa4f03dd955"
"""Dock to host; notify."""
MIN_ATT_MTU = 247
"""An attribute value is three bytes less: 244, the longest frame. It also fills one link-layer packet exactly."""
