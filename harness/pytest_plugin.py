"""The pytest front door: loaded in every pytest of the environment, so it imports nothing heavy until it is used."""
