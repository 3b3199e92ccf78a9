"""The motorised dock and its marker, behind one port; knows nothing of the daemon."""
