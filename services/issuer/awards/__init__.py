"""Awards: signed credentials for recipients, one by one and in bulk, and what happens to them afterwards."""
