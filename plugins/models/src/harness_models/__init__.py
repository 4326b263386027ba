"""One door to language models, owned by a run: cached, replayed, paced, within a budget."""
