"""A handbook of card disputes that answers questions: passages, retrieval, generation, service and adapter."""
