"""The people who act for an organisation: members, their roles, and invitations."""
