"""Whoever was deployed and is not promoted then does not stay: who is promoted starts again, or an alarm says so."""

from typing import Any

import pytest

from ci.tests.plant import PIPELINES, Plant, until, write_rows

# Says whom it starts; where it is asked to, it then spoils the model's files, or hangs: once, as it forgets that.
DEPLOY = """echo "$HARNESS_CI_REVISION" >> data/log
if [ -e data/spoil ]; then rm data/spoil; echo >> "data/models/$HARNESS_CI_REVISION/weights"; fi
if [ -e data/hang ]; then rm data/hang; sleep 600; fi
"""


def deploys(plant: Plant) -> None:
    """Serve a project whose one stage deploys before it promotes, and to which an alert leads too."""
    text = PIPELINES.replace("        promote: true", "        promote: true\n        deploy: [{run: [sh, deploy.sh]}]")
    text = text.replace("    watch: {rows: {path: data/rows.parquet, every: 1s}}\n", "")
    plant.write(text.replace("[ci, ct]", "[ct]").replace("degradation: notify", "degradation: [ct]"))
    (plant.work / "deploy.sh").write_text(DEPLOY)
    plant.serve()


def deployed(plant: Plant) -> list[str]:
    log = plant.folder / "data" / "log"
    return log.read_text().split() if log.exists() else []


@pytest.mark.heavy
def test_a_retrain_that_is_deployed_and_whose_promotion_is_refused_is_undone_and_the_owner_told(
    plant: Plant, notices: list[dict[str, Any]]
) -> None:
    deploys(plant)
    plant.tell_push(*plant.push())
    plant.ended()
    first = plant.promoted

    (plant.folder / "data" / "spoil").touch()
    write_rows(plant.folder / "data" / "rows.parquet", seed=1, n=3000, noise=0.4)
    plant.fire("f1")
    _, refused, undone = plant.ended(3)

    assert (refused["state"], refused["kind"], plant.trainings) == ("failed", "degradation", 2)
    assert "nothing was moved" in refused["reason"]
    assert ("passed", "undo") == (undone["state"], undone["kind"])
    assert f"{first}, who is promoted, was deployed again" in undone["reason"]
    started = deployed(plant)
    assert [first, first] == [started[0], started[2]]
    assert (3, first) == (len(started), plant.promoted)
    assert first != started[1]
    assert ["failed", "passed"] == [notice["state"] for notice in notices]


@pytest.mark.heavy
def test_a_deployment_that_is_cancelled_with_nobody_to_go_back_to_ends_in_an_alarm(
    plant: Plant, notices: list[dict[str, Any]]
) -> None:
    deploys(plant)
    (plant.folder / "data" / "hang").touch()
    plant.tell_push(*plant.push())
    until(lambda: deployed(plant))

    (under_way,) = plant.get("pipelines")
    assert plant.post(f"pipelines/{under_way['id']}/cancel").is_success
    _, alarm = plant.ended(2)

    assert ("error", "undo") == (alarm["state"], alarm["kind"])
    assert alarm["reason"].startswith("ALARM: whom stage ct deployed is not promoted and may still serve")
    assert "nobody was promoted before" in alarm["reason"]
    assert [alarm["reason"]] == [notice["reason"] for notice in notices]
    assert "promoted nothing; undone" in (plant.folder / "log").read_text()
