"""`python -m followspot_upload`."""

import sys

from followspot_upload.command import main

sys.exit(main())
