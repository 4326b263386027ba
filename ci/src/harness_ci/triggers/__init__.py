"""Who may tell that something happened: what they signed, read strictly, becomes events."""
