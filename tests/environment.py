"""The site's settings as another environment would make them."""

import os
import runpy
from typing import Any
from unittest import mock

import exfb_site.settings


def exfb_settings(**environment: str) -> dict[str, Any]:
    """Run the settings with some variables set; what they say is returned and nothing is changed."""
    with mock.patch.dict(os.environ, environment):
        return runpy.run_path(exfb_site.settings.__file__)
