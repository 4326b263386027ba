"""A gates file of three stages."""

GATES = """project: demo
gates:
  ci: {suites: [s], on_inconclusive: report}
  strict: {suites: [s], run_max_age: 24h, data_max_age: 90d}
  production: {suites: [../s.suite.yaml], promote: {mlflow: {model: m, alias: champion}}}
"""


DIGEST = "sha256:" + "c" * 64
