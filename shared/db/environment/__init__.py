"""The folder that Alembic runs from: its environment and the template of a revision."""
