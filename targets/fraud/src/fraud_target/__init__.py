"""A card-fraud model on simulated payments: the worked example of promotion-harness."""

import os

# mlflow reads these once, when it is first imported: no reports of usage to its makers, no chatter on the terminal.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")
