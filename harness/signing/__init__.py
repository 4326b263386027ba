"""Signed statements: who answers for a run, a waiver, an approval, a promotion, and whom a project trusts to."""
