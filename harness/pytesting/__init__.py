"""What the pytest plugin does once a session has a suite or observes something; nothing here loads before that."""
