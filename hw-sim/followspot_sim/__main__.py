"""`python -m followspot_sim`: the `followspot-sim` command."""

import sys

from followspot_sim.cli import main

sys.exit(main())
