"""The WSGI entry: `granian --interface wsgi wsgi:app`, and `flask --app wsgi …`."""

import sys

from app.cli import init_commands
from app.config import SettingsError
from app.core.db import UnsafeSqlite
from app.factory import create_app

try:
    app = create_app()
except (SettingsError, UnsafeSqlite) as refusal:
    sys.exit(str(refusal))  # what is wrong, and no stack above it
init_commands(app)
