"""Attacks by files in the project: modules named like libraries, and plugins named like those installed."""

from conftest import Finished
from tests.attacks.shop import GATES, SUITE, Attack, Shop, attack

CORPUS: list[Attack] = []
MARK = "import pathlib\npathlib.Path('ran').touch()\n"
FAILS = "may not pass ci"
COUNTS = """from harness import Dataset, Measurement, check, hookimpl, samples

@check("mine.rate")
def rate(data: Dataset, *, column: str):
    ok = data.rows([column]).column(0).to_pylist()
    return [Measurement(metric="rate", sample=samples.proportion(k=sum(ok), n=len(ok)))]

@hookimpl
def harness_checks():
    return {"mine.rate": rate}
"""


def _with_plugin(shop: Shop, name: str) -> None:
    """Give the project a plugin of its own, so that its folder is on the path of modules."""
    (shop.folder / f"{name}.py").write_text("from harness import hookimpl\n")
    (shop.folder / "pyproject.toml").write_text(f'[tool.harness]\nproject = "demo"\nplugins = ["{name}"]\n')


def _asks_with(shop: Shop, module: str) -> Finished:
    """Ask the gate in a process of its own beside a module named like one that it imports."""
    _with_plugin(shop, "mine")
    (shop.folder / f"{module}.py").write_text(MARK)
    done = shop.installed("gate", "ci", "--candidate", "m/2")
    assert not (shop.folder / "ran").exists()
    return done


@attack(CORPUS, FAILS)
def hide_the_database_driver(shop: Shop) -> Finished:
    return _asks_with(shop, "sqlite3")


@attack(CORPUS, FAILS)
def hide_the_statistics(shop: Shop) -> Finished:
    return _asks_with(shop, "scipy")


@attack(CORPUS, FAILS)
def hide_the_plugin_of_the_rows(shop: Shop) -> Finished:
    return _asks_with(shop, "harness_rows")


@attack(CORPUS, "is offered twice")
def offer_a_plugin_named_like_one_installed(shop: Shop) -> None:
    _with_plugin(shop, "rows")


@attack(CORPUS, "is hidden by")
def name_a_plugin_like_a_library(shop: Shop) -> Finished:
    _with_plugin(shop, "colorsys")
    shop.suite.write_text(SUITE.replace("rows.rate", "colorsys.rate"))
    return shop.run()


@attack(CORPUS, "no check 'rows2.rate' is installed")
def ask_a_check_that_nobody_offers(shop: Shop) -> Finished:
    shop.suite.write_text(SUITE.replace("rows.rate", "rows2.rate"))
    return shop.run()


@attack(CORPUS, "plugin 'mine' has other source files now than when it measured")
def measure_with_a_weaker_plugin_and_put_it_back(shop: Shop) -> None:
    _with_plugin(shop, "mine")
    shop.suite.write_text(SUITE.replace("check: rows.rate", "check: mine.rate"))
    plugin = shop.folder / "mine.py"
    plugin.write_text(COUNTS.replace("sum(ok)", "len(ok)"))
    shop.run()
    plugin.write_text(COUNTS)


@attack(CORPUS, "no gate 'ci'")
def take_the_gate_away(shop: Shop) -> None:
    (shop.folder / "ci" / "gates.yaml").write_text(GATES.replace("  ci:", "  other:"))
