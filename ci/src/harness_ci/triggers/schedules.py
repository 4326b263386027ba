"""When a clock starts something: the moments of a cron text, which are those of UTC."""

from datetime import datetime

from croniter import CroniterBadDateError, CroniterError, croniter

FIELDS = 5


def moment_before(cron: str, now: datetime) -> datetime:
    """Return the latest moment of a cron text that is over; ValueError where the text is none, or none ever comes."""
    if len(cron.split()) != FIELDS:
        raise ValueError(f"`cron: {cron}` should have five fields: minute, hour, day, month, day of the week; in UTC")
    try:
        found: datetime = croniter(cron, now).get_prev(datetime)
    except CroniterBadDateError:
        raise ValueError(f"`cron: {cron}` never comes; name a day that there is") from None
    except (CroniterError, ValueError) as error:
        raise ValueError(f"`cron: {cron}` is no schedule: {error}") from error
    return found
