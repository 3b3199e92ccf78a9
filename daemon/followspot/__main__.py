"""`python -m followspot`: the `followspot` command."""

import sys

from followspot.cli.main import main

sys.exit(main())
