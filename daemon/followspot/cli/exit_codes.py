"""What the command's exit code says. Also in `followspot --help`."""

OK = 0
FAULT = 1
"""Something went wrong at run time."""
USAGE = 2
"""The command line or the configuration must be corrected (argparse uses 2 as well)."""
NO_DAEMON = 3
"""No daemon answers."""
REFUSED = 4
"""The daemon answered, and did not do it."""

HELP = """\
exit codes:
  0  done
  1  a fault at run time
  2  the command line or the configuration must be corrected
  3  no daemon answers
  4  the daemon answered, and did not do it
"""
