"""The rules of the product, pure: no I/O, no threads, no clock; time is an argument."""
