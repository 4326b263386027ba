"""The SDK's errors, which are no OSError."""


class RestAPIError(Exception):
    """The API refused, or was out of reach."""


class FeatureStoreException(Exception):
    """The feature store refused."""
