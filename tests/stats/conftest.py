from hypothesis import settings

settings.register_profile("stats", deadline=None)  # the first call loads SciPy
settings.load_profile("stats")
