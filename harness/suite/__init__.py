"""What a suite asks: its file, its steps, and the names in it found."""
