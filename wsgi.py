"""The WSGI entry: `granian --interface wsgi wsgi:app`, and `flask --app wsgi …`."""

from app.cli import init_commands
from app.factory import create_app

app = create_app()
init_commands(app)
