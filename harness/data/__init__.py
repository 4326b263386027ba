"""What checks read: named tables, the roles of their columns, and where they came from."""
