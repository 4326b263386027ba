"""The control of CI, CT and CD: what starts when code, data or the quality of a model changes."""
