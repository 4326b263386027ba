"""What is kept: runs and decisions in a ledger, the rows behind them as evidence."""
