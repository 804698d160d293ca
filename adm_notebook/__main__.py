"""`python -m adm_notebook` is `adm-notebook`."""

import sys

from adm_notebook.cli import main

sys.exit(main())
