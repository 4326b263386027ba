"""The values that travel from suite to promotion: frozen, keyword-only, and plain enough to store as JSON."""
