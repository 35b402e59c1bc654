"""Real servers, processes and fixtures for the tests."""
