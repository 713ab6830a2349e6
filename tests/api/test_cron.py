"""Cron expressions, thousands of them, against two other implementations: python3-croniter, and, where the wall clock is changed, a
simulation that looks at each minute of the days around it. And the command that explains them."""
import concurrent.futures
import datetime
import os
import random
import subprocess
import urllib.parse
import zoneinfo

import croniter
import pytest

from apache import BUILD

UTC = datetime.timezone.utc
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()


def cron(*arguments):
    done = subprocess.run([str(BUILD / "cgi-bin" / "jobjoker"), "cron", *arguments], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"]})
    return done.returncode, done.stdout.splitlines(), done.stderr


def next_times(expression, start, count, zone="UTC"):
    """None: it never runs."""
    status, lines, complaint = cron(expression, "--zone", zone, "--from", start.strftime("%Y-%m-%dT%H:%M:%SZ"), "--count", str(count))
    if "never runs" in complaint:
        return None
    assert status == 0, f"{expression}: {complaint}"
    return [datetime.datetime.fromisoformat(line) for line in lines[1:]]


def item(rng, low, high, names):
    """One part of a list, and what it stands for."""
    name = lambda n: names[n - low] if names and rng.random() < 0.4 else str(n)  # noqa: E731
    first = rng.randint(low, high - 1)
    last = rng.randint(first + 1, high)
    step = rng.randint(1, high - low)
    return rng.choice([
        (name(first), {first}),
        (name(first), {first}),
        (f"{name(first)}-{name(last)}", set(range(first, last + 1))),
        (f"{name(first)}-{name(last)}/{step}", set(range(first, last + 1, step))),
    ])


def field(rng, low, high, names=None, star=0.4, stepped=True):
    """One field, and what it stands for. What stands for all is a star, since croniter takes it for one: Vixie's cron does not,
    where that makes a difference."""
    if rng.random() < star:
        return "*", set(range(low, high + 1))
    if stepped and rng.random() < 0.25:
        step = rng.randint(1, high - low)
        return f"*/{step}", set(range(low, high + 1, step))
    parts = [item(rng, low, high, names) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    members = set().union(*(p[1] for p in parts))
    return ("*" if len(members) > high - low else ",".join(p[0] for p in parts)), members


def expression(rng):
    """Minutes to weekdays. croniter takes */2 of days for a restriction, we as Vixie's cron do not, so it is not made here."""
    days = field(rng, 1, 31, star=0.5, stepped=False)[0]
    weekdays = field(rng, 0, 6, WEEKDAYS, star=0.5, stepped=False)[0]
    if rng.random() < 0.05:
        days = "L"
    if weekdays != "*" and rng.random() < 0.15:
        days, weekdays = "*", f"{rng.randint(0, 6)}#{rng.randint(1, 5)}"
    return [field(rng, 0, 59, star=0.2)[0], field(rng, 0, 23, star=0.3)[0], days, field(rng, 1, 12, MONTHS, star=0.6)[0], weekdays]


def compare(seed):
    """One expression against croniter. Returns how many times were compared, 0 where both say that it never runs."""
    rng = random.Random(seed)
    fields = expression(rng)
    start = datetime.datetime(1990, 1, 1, tzinfo=UTC) + datetime.timedelta(seconds=rng.randrange(100 * 365 * 86400))
    ours, theirs = " ".join(fields), " ".join(fields)
    if rng.random() < 0.2:
        seconds = field(rng, 0, 59, star=0.1)[0]
        ours, theirs = f"{seconds} {ours}", f"{theirs} {seconds}"  # croniter has them last
    found = next_times(ours, start, 4)
    other = croniter.croniter(theirs, start, max_years_between_matches=50)
    try:
        expected = [other.get_next(datetime.datetime) for _ in range(4)]
    except croniter.CroniterBadDateError:
        expected = None
    if expected is None and fields[2] != "*" and fields[4] != "*":
        return 0  # 31 February or a Monday: croniter gives up, though Mondays come
    assert found == expected, f"{ours} after {start} (seed {seed})"
    return len(found or [])


def test_next_times_are_those_of_another_implementation():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        compared = list(pool.map(compare, range(2000)))
    assert sum(n == 4 for n in compared) > 1950


def changes(zone, year):
    """The hours in which the wall clock is changed."""
    hour, end = datetime.datetime(year, 1, 1, tzinfo=UTC), datetime.datetime(year + 1, 1, 1, tzinfo=UTC)
    offset = None
    while hour < end:
        now = hour.astimezone(zone).utcoffset()
        if offset is not None and now != offset:
            yield hour
        offset, hour = now, hour + datetime.timedelta(hours=1)


def simulate(sets, zone, start, end):
    """Minute by minute. What names hours comes once for each time of the wall clock, late where that was skipped; what leaves
    hours open runs whenever the wall clock matches."""
    minutes, hours, days, months = sets
    matches = lambda t: t.minute in minutes and t.hour in hours and t.day in days and t.month in months  # noqa: E731
    minute, runs, seen, before = datetime.timedelta(minutes=1), [], set(), None
    now = start - datetime.timedelta(hours=30)
    while now <= end:
        wall = now.astimezone(zone).replace(tzinfo=None)
        if len(hours) == 24:
            due = matches(wall)
        else:
            due = wall not in seen and matches(wall)
            skipped = before + minute if before else wall
            while skipped < wall:
                due = due or (skipped not in seen and matches(skipped))
                seen.add(skipped)
                skipped += minute
            seen.add(wall)
        if due and now > start:
            runs.append(now)
        before, now = wall, now + minute
    return runs


ZONES = ["Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "Europe/Dublin",
         "America/Sao_Paulo", "Africa/Casablanca", "Asia/Tehran", "Pacific/Chatham", "America/St_Johns", "Antarctica/Troll"]


@pytest.mark.parametrize("name", ZONES)
def test_times_around_changes_of_the_clock(name):
    zone, rng, compared = zoneinfo.ZoneInfo(name), random.Random(name), 0
    for year in (2007, 2018, 2026, 2027, 2045):
        for change in changes(zone, year):
            start, end = change - datetime.timedelta(hours=26), change + datetime.timedelta(hours=26)
            for _ in range(3):
                near = [h % 24 for h in range(change.astimezone(zone).hour - 3, change.astimezone(zone).hour + 3)]
                hours = rng.choice([("*", set(range(24))), field(rng, 0, 23, star=0), *[(str(h), {h}) for h in rng.sample(near, 3)]])
                fields = [field(rng, 0, 59, star=0.1), hours, field(rng, 1, 31, star=0.8, stepped=False), field(rng, 1, 12, star=0.9)]
                text = " ".join(f[0] for f in fields) + " *"
                expected = simulate([f[1] for f in fields], zone, start, end)
                found = [t for t in next_times(text, start, 1000, name) or [] if t <= end]
                assert found == expected[:1000], f"{text} after {start}"
                compared += len(found)
    assert compared > 0 or not any(changes(zone, year) for year in (2007, 2018, 2026, 2027, 2045))


def test_zones_are_those_of_another_implementation():
    """Each zone of the machine, at a time of its own: the wall clock that is printed is the one that Python shows."""
    compared = 0
    for name in sorted(zoneinfo.available_timezones()):
        rng = random.Random(name)
        for year in (rng.randrange(1970, 2037), rng.randrange(2038, 2200)):
            start = datetime.datetime(year, rng.randint(1, 12), 1, tzinfo=UTC) + datetime.timedelta(minutes=rng.randrange(28 * 1440))
            status, lines, complaint = cron("@every 1m", "--zone", name, "--from", start.isoformat(), "--count", "1")
            if status and name in ("localtime", "Factory"):
                continue
            assert status == 0, f"{name}: {complaint}"
            expected = (start + datetime.timedelta(minutes=1)).astimezone(zoneinfo.ZoneInfo(name))
            if expected.utcoffset().seconds % 60:
                continue  # Monrovia before 1972: RFC 3339 has no seconds there
            assert lines[1] == expected.isoformat(), name
            compared += 1
    assert compared > 800


def test_the_command_explains_an_expression():
    status, lines, _ = cron("30 2 * * 1-5", "--zone", "Europe/Vienna", "--from", "2027-03-26T12:00:00Z", "--count", "2")
    assert status == 0
    assert lines == ["At 02:30 on Monday to Friday, in Europe/Vienna", "2027-03-29T02:30:00+02:00", "2027-03-30T02:30:00+02:00"]


@pytest.mark.parametrize("arguments, status, complaint", [
    (["0 0 30 2 *"], 1, "never runs"),
    (["* * * * *", "--zone", "Nowhere/City"], 1, "no time zone `Nowhere/City`"),
    (["* * * * *", "--from", "yesterday"], 2, "Usage: jobjoker cron"),
    (["* * * * *", "--count", "1001"], 2, "Usage: jobjoker cron"),
    ([], 2, "Usage: jobjoker cron"),
    (["*", "*", "*", "*", "*"], 2, "Usage: jobjoker cron"),
])
def test_the_command_refuses_what_it_does_not_understand(arguments, status, complaint):
    ended, _, said = cron(*arguments)
    assert ended == status
    assert complaint in said


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_the_api_says_what_the_command_says(server):
    for expression, zone in (("30 2 * * 1-5", "Europe/Vienna"), ("@every 90s", "UTC"), ("*/7 0 0 L * ?", "America/New_York"), ("@at 2026-12-24T18:00:00", "Asia/Tokyo")):
        asked = urllib.parse.urlencode({"expression": expression, "zone": zone, "from": "2026-03-28T00:00:00Z", "count": 7})
        (told,) = server.get(f"/cron?{asked}").data
        words, *times = cron(expression, "--zone", zone, "--from", "2026-03-28T00:00:00Z", "--count", "7")[1]
        assert (told["cron"], told["zone"], told["description"]) == (expression, zone, words)
        assert [time_of(t) for t in told["next"]] == [datetime.datetime.fromisoformat(t) for t in times]
    (told,) = server.get("/cron?expression=@reboot").data
    assert told["zone"] == "UTC" and told["next"] == []
    (soon,) = server.get("/cron?expression=@hourly").data
    assert len(soon["next"]) == 5 and 0 < (time_of(soon["next"][0]) - datetime.datetime.now(UTC)).total_seconds() <= 3601


@pytest.mark.parametrize("query, status, code", [
    ("", 400, "bad_parameter"),
    ("expression=61+*+*+*+*", 422, "cron_invalid"),
    ("expression=@daily&zone=Nowhere/City", 422, "zone_unknown"),
    ("expression=@daily&zone=..%2Fpasswd", 422, "zone_unknown"),
    ("expression=@daily&count=101", 400, "bad_parameter"),
    ("expression=" + "0," * 200 + "0+*+*+*+*", 422, "cron_invalid"),
])
def test_the_api_says_what_is_wrong_with_an_expression(server, query, status, code):
    answer = server.get(f"/cron?{query}")
    assert (answer.status, answer.json["code"]) == (status, code)
