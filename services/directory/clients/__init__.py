"""Partner clients: programs that act for an organisation with their own secret."""
