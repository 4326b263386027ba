"""A card-fraud model on simulated payments: the worked example of promotion-harness."""

import os

# mlflow decides once, when it is first imported, whether it reports usage to its makers.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
