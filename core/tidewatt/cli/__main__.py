"""`python -m tidewatt.cli` is `tidewatt`."""

import sys

from . import main

sys.exit(main())
