"""The command `python -m ml.poses`; what it does is in `ml.check`, a layer above."""

import sys

from ml.check import main

sys.exit(main())
