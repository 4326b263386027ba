"""What a suite's file is called; light, as pytest asks it of every file."""

SUFFIX = ".suite.yaml"
SUFFIXES = (SUFFIX, ".suite.yml")


def is_suite_name(name: str) -> bool:
    """Tell whether a file of this name is a suite."""
    return name.endswith(SUFFIXES)
