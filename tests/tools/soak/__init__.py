"""Hours of a lesson: what must stay flat is measured, judged, told as JSON and drawn."""
