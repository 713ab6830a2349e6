"""Schedules, `run_at` and the keeper, with a clock that the tests move, and real processes."""
import concurrent.futures
import datetime
import os
import pathlib
import random
import signal
import subprocess

import pytest

import apache
from apache import wait_until

MINUTE, HOUR, DAY = 60, 3600, 86400
UTC = datetime.timezone.utc

HELLO = "#!/bin/sh\necho \"$JOBJOKER_SCHEDULED_TIME\"\n"
# Runs until the file whose name it is given is there.
WAITER = "#!/bin/sh\nwhile [ ! -e \"$JOBJOKER_PARAM_until\" ]; do sleep 0.02; done\n"


class Clock:
    """The clock of a server, its runners and its keeper (lib/base/clock.h)."""

    def __init__(self, server):
        folder = server.top / "time"  # that the keeper may watch
        folder.mkdir(mode=0o755)
        self.file, self.ahead = folder / "clock", 0
        self.file.write_text("0\n")
        server.settings["JOBJOKER_CLOCK_FILE"] = str(self.file)

    def now(self):
        return datetime.datetime.now(UTC) + datetime.timedelta(seconds=self.ahead)

    def move(self, seconds):
        self.ahead += seconds
        new = self.file.with_suffix(".new")
        new.write_text(f"{int(self.ahead * 1000)}\n")
        new.replace(self.file)

    def move_to(self, text):
        """To an API's time, and a moment beyond."""
        self.move((time_of(text) - self.now()).total_seconds() + 0.005)


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture
def server(new_server):
    server = new_server(start=False)
    server.clock = Clock(server)
    now = server.clock.now()
    server.clock.move(3660 - 60 * now.minute - now.second)  # no hour ends while a test lasts
    server.start()
    server.put_worker("Hello", HELLO)
    server.put_worker("Waiter", WAITER)
    return server


@pytest.fixture(scope="module")
def still(installed):
    """One for all tests that need no clock of their own."""
    with apache.running(apache.Server(installed)) as server:
        server.put_worker("Hello", HELLO)
        yield server


def schedule(server, cron, worker="Hello", parameters=None, **more):
    answer = server.post("/schedules", {"cron": cron, "job": {"worker": worker, "parameters": parameters or {}}, **more})
    assert answer.status == 201, answer
    return answer.data[0]


def read(server, made):
    return server.get(f"/schedules/{made['id']}").data[0]


def tick(server):
    answer = server.post("/tick")
    assert answer.status == 200, answer
    return answer.data[0]["next"]


def jobs_of(server, made):
    """The earliest first."""
    jobs = server.get(f"/jobs?limit=1000&schedule={made['id']}").data
    assert {j["schedule"] for j in jobs} <= {made["id"]}
    return sorted(jobs, key=lambda j: j["scheduled"])


def all_over(server, made, count):
    def over():
        jobs = jobs_of(server, made)
        return jobs if len(jobs) == count and all(j["status"] in ("done", "error", "stop") for j in jobs) else None
    return wait_until(over, 30, f"{count} jobs are over")


def keepers(server):
    """Their pids; what is about to become one, or has just ended, counts too. Not the child that a keeper has begun and
    that is about to become a pass: until then it goes by the same name."""
    found = [pid for pid, command in server.processes().items() if "jobjoker-keeper" in command]
    parents = {pid: parent_of(pid) for pid in found}
    return [pid for pid in found if parents[pid] is not None and parents[pid] not in found]


def parent_of(pid):
    """None: it is gone."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def end_keeper(server):
    """The way of the documentation."""
    (server.data / "keeper").unlink(missing_ok=True)
    wait_until(lambda: not keepers(server), 10, "the keeper has ended")


# --- what is said and shown ---

def test_a_schedule_is_made_shown_changed_and_deleted(still):
    answer = still.post("/schedules", {"cron": "30 2 * * 1-5", "zone": "Europe/Vienna", "name": "nightly",
                                        "job": {"worker": "Hello", "parameters": {"a": 1}, "timeout": 60}})
    assert answer.status == 201
    made = answer.data[0]
    assert answer.headers["location"].endswith("/schedules/" + made["id"])
    assert made["description"] == "At 02:30 on Monday to Friday, in Europe/Vienna"
    assert len(made["next"]) == 5 and made["next"] == sorted(made["next"])
    assert all(time_of(t).astimezone(datetime.timezone.utc).hour in (0, 1) for t in made["next"])
    assert made["job"] == {"worker": "Hello", "parameters": {"a": 1}, "timeout": 60}
    assert (made["worker"], made["enabled"], made["overlap"], made["catch_up"]) == ("Hello", True, "allow", "none")
    assert (made["last"], made["queued"], made["created_by"]) == (None, [], "admin")
    assert made in still.get("/schedules").data and made == read(still, made)
    assert f"{made['id']},nightly,Hello,30 2 * * 1-5,Europe/Vienna,true," in still.get("/schedules.csv").text

    changed = still.put(f"/schedules/{made['id']}", {"cron": "@hourly", "overlap": "skip", "name": None})
    assert changed.status == 200
    changed = changed.data[0]
    assert (changed["cron"], changed["overlap"], changed["name"], changed["zone"]) == ("@hourly", "skip", None, "Europe/Vienna")
    assert all(t.endswith(":00:00.000Z") for t in changed["next"])
    off = still.put(f"/schedules/{made['id']}", {"enabled": False}).data[0]
    assert (off["enabled"], off["next"]) == (False, [])
    on = still.put(f"/schedules/{made['id']}", {"enabled": True}).data[0]
    assert on["next"][0] in changed["next"]  # an hour may have ended

    assert still.delete(f"/schedules/{made['id']}").status == 200
    for gone in (still.get(f"/schedules/{made['id']}"), still.delete(f"/schedules/{made['id']}"), still.put(f"/schedules/{made['id']}", {})):
        assert (gone.status, gone.json["code"]) == (404, "schedule_unknown")


@pytest.mark.parametrize("change, code, part", [
    ({"cron": "61 * * * *"}, "cron_invalid", "minutes: `61` is not from 0 to 59"),
    ({"cron": "0 0 30 2 *"}, "cron_invalid", "never runs"),
    ({"cron": 5}, "schedule_invalid", "`cron`"),
    ({"cron": "@at 2001-01-01T00:00:00"}, "schedule_invalid", "has passed"),
    ({"zone": "Europe/Nowhere"}, "zone_unknown", "Europe/Nowhere"),
    ({"zone": "../../../etc/passwd"}, "zone_unknown", "time zone"),
    ({"overlap": "maybe"}, "schedule_invalid", "`overlap`"),
    ({"catch_up": "some"}, "schedule_invalid", "`catch_up`"),
    ({"window": -1}, "schedule_invalid", "`window`"),
    ({"jitter": 90000}, "schedule_invalid", "`jitter`"),
    ({"enabled": "yes"}, "schedule_invalid", "`enabled`"),
    ({"name": ""}, "schedule_invalid", "`name`"),
    ({"colour": "red"}, "schedule_invalid", "colour"),
    ({"cron": "* * * * * *", "catch_up": "all"}, "schedule_invalid", "more than 1000 times"),
    ({"job": "Hello"}, "schedule_invalid", "`job`"),
    ({"job": {"worker": "Nobody"}}, "worker_unknown", "Nobody"),
    ({"job": {"worker": "Hello", "start": True}}, "schedule_invalid", "`start`"),
    ({"job": {"worker": "Hello", "run_at": "2030-01-01T00:00:00Z"}}, "schedule_invalid", "`run_at`"),
    ({"job": {"worker": "Hello", "timeout": "long"}}, "job_invalid", "`timeout`"),
])
def test_what_is_wrong_is_said(still, change, code, part):
    good = {"cron": "@daily", "job": {"worker": "Hello"}}
    for answer in (still.post("/schedules", {**good, **change}),
                   still.put(f"/schedules/{schedule(still, '@daily')['id']}", change)):
        if answer.status == 200:
            assert "has passed" in part  # one that ran once may be changed afterwards
            continue
        assert (answer.status, answer.json["code"]) == (422, code), answer
        assert part in answer.json["message"]


def test_wrong_parameters_are_told_when_the_schedule_is_made(still):
    still.put_worker("Picky", '#!/bin/sh\n# Parameters: {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}\n')
    answer = still.post("/schedules", {"cron": "@daily", "job": {"worker": "Picky", "parameters": {}}})
    assert (answer.status, answer.json["code"]) == (422, "parameters_invalid")
    assert answer.data[0]["field"] == "n"


# --- jobs at their times ---

def test_the_keeper_runs_a_schedule_at_its_times(server):
    made = schedule(server, "0 */6 * * *")
    for n in range(3):
        at = read(server, made)["next"][0]
        server.clock.move_to(at)
        job = all_over(server, made, n + 1)[n]
        assert (job["status"], job["scheduled"], job["waiting"]) == ("done", at, None)
        assert server.log(job["id"]).splitlines()[1] == at  # JOBJOKER_SCHEDULED_TIME
    shown = read(server, made)
    assert shown["last"] == {"time": at, "job": job["id"]}
    assert time_of(shown["next"][0]) - time_of(at) == datetime.timedelta(hours=6)


def test_a_job_with_run_at_waits_for_its_time(server):
    at = (server.clock.now() + datetime.timedelta(hours=2)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    job = server.post("/jobs", {"worker": "Hello", "run_at": at})
    assert job.status == 201
    job = job.data[0]
    assert (job["status"], job["waiting"]["for"], job["waiting"]["until"], job["scheduled"]) == ("idle", "time", at, at)
    server.clock.move(2 * HOUR - 60)
    assert tick(server) == at and server.status(job["id"]) == "idle"
    server.clock.move_to(at)
    assert server.ended(job["id"])["status"] == "done"
    assert server.log(job["id"]).splitlines()[1] == at


def test_run_at_that_has_passed_runs_at_once(still):
    job = still.create("Hello", run_at="2020-01-01T00:00:00Z")
    assert still.ended(job)["status"] == "done"
    wrong = still.post("/jobs", {"worker": "Hello", "run_at": "tomorrow"})
    assert (wrong.status, wrong.json["code"]) == (422, "job_invalid")


def test_a_time_in_the_zone_of_the_schedule_over_the_change_of_the_clock(server):
    """30 2 in Vienna on 28 March 2027 is skipped: at 03:00 summer time."""
    server.clock.move_to("2027-03-27T12:00:00.000Z")
    made = schedule(server, "30 2 * * *", zone="Europe/Vienna")
    assert made["next"][:2] == ["2027-03-28T01:00:00.000Z", "2027-03-29T00:30:00.000Z"]
    for n, at in enumerate(made["next"][:2]):
        server.clock.move_to(at)
        assert all_over(server, made, n + 1)[n]["scheduled"] == at


def test_a_schedule_that_is_off_or_gone_makes_nothing(server):
    off, gone, on = (schedule(server, "@hourly") for _ in range(3))
    server.put(f"/schedules/{off['id']}", {"enabled": False})
    server.delete(f"/schedules/{gone['id']}")
    server.clock.move_to(on["next"][0])
    tick(server)
    wait_until(lambda: jobs_of(server, on), 20, "its job")  # the keeper may be making it just now
    assert not jobs_of(server, off) and not jobs_of(server, gone)


def test_one_time_runs_once(server):
    at = (server.clock.now() + datetime.timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = schedule(server, f"@at {at}")
    assert len(made["next"]) == 1
    server.clock.move_to(made["next"][0])
    all_over(server, made, 1)
    server.clock.move(DAY)
    tick(server)
    assert len(jobs_of(server, made)) == 1 and read(server, made)["next"] == []


def test_a_worker_that_is_gone_is_seen_as_a_job_that_failed(server):
    made = schedule(server, "@hourly", name="orphan")
    assert server.delete("/workers/Hello").status == 200
    server.clock.move_to(made["next"][0])
    job = all_over(server, made, 1)[0]
    assert (job["status"], job["name"]) == ("error", "orphan")
    assert "Hello" in job["reason"]
    assert len(read(server, made)["next"]) == 5


# --- overlap and catching up ---

def has_seen(schedule, at):
    return (schedule["last"] or {}).get("time") == at or schedule["skipped"] == at or at in schedule["queued"]


def test_a_job_that_is_not_over_at_the_next_time(server):
    flags = {o: server.data / f"flag-{o}" for o in ("allow", "skip", "queue")}
    made = {o: schedule(server, "@hourly", "Waiter", {"until": str(flag)}, overlap=o) for o, flag in flags.items()}
    times = made["allow"]["next"]
    for at in times[:4]:
        server.clock.move_to(at)
        tick(server)
        wait_until(lambda: all(has_seen(read(server, m), at) for m in made.values()), 20, "what each of them makes of that time")
    assert [j["scheduled"] for j in jobs_of(server, made["allow"])] == times[:4]
    assert [j["scheduled"] for j in jobs_of(server, made["skip"])] == times[:1]
    assert read(server, made["skip"])["skipped"] == times[3]
    assert [j["scheduled"] for j in jobs_of(server, made["queue"])] == times[:1]
    assert read(server, made["queue"])["queued"] == times[1:4]
    for flag in flags.values():
        flag.touch()
    assert [j["scheduled"] for j in all_over(server, made["queue"], 4)] == times[:4]
    assert read(server, made["queue"])["queued"] == []
    # One after the other, in order.
    jobs = jobs_of(server, made["queue"])
    assert all(a["stoptime"] <= b["starttime"] for a, b in zip(jobs, jobs[1:]))
    all_over(server, made["skip"], 1)
    server.clock.move_to(times[4])
    assert [j["scheduled"] for j in all_over(server, made["skip"], 2)] == [times[0], times[4]]


def test_times_that_were_missed(server):
    """Nobody is there for a day: no keeper, no request."""
    made = {c: schedule(server, "30 */6 * * *", catch_up=c, window=3 * DAY / 4) for c in ("none", "last", "all")}
    end_keeper(server)
    missed = [time_of(made["all"]["next"][0]) + datetime.timedelta(hours=6 * n) for n in range(4)]
    server.clock.move_to((missed[3] + datetime.timedelta(hours=1)).isoformat())
    tick(server)
    texts = [t.isoformat(timespec="milliseconds").replace("+00:00", "Z") for t in missed]
    assert jobs_of(server, made["none"]) == []
    assert [j["scheduled"] for j in all_over(server, made["last"], 1)] == texts[3:]
    assert [j["scheduled"] for j in all_over(server, made["all"], 3)] == texts[1:]  # what is in the window
    for m in made.values():
        assert time_of(read(server, m)["next"][0]) == missed[3] + datetime.timedelta(hours=6)


def test_a_little_late_is_not_missed(server):
    made = schedule(server, "@hourly")
    end_keeper(server)
    server.clock.move_to(made["next"][0])
    server.clock.move(50)
    tick(server)
    all_over(server, made, 1)


# --- who may ---

def test_who_is_limited_sees_and_makes_schedules_of_his_workers_alone(still):
    still.put_worker("Other", HELLO)
    hidden, own = schedule(still, "@daily", "Other"), schedule(still, "@daily", "Hello")
    token = still.post("/tokens", {"name": "t", "role": "operator", "workers": ["Hello"]}).data[0]["token"]
    as_limited = {"auth": f"Bearer {token}"}
    seen = still.get("/schedules?limit=1000", **as_limited)
    assert {s["worker"] for s in seen.data} == {"Hello"} and own["id"] in [s["id"] for s in seen.data]
    assert seen.json["total"] == len(seen.data) == still.get("/schedules").json["total"] - 1
    for answer in (still.get(f"/schedules/{hidden['id']}", **as_limited), still.put(f"/schedules/{hidden['id']}", {}, **as_limited),
                   still.delete(f"/schedules/{hidden['id']}", **as_limited)):
        assert (answer.status, answer.json["code"]) == (404, "schedule_unknown")
    for answer in (still.post("/schedules", {"cron": "@daily", "job": {"worker": "Other"}}, **as_limited),
                   still.put(f"/schedules/{own['id']}", {"job": {"worker": "Other"}}, **as_limited)):
        assert (answer.status, answer.json["code"]) == (422, "worker_unknown")
    assert still.put(f"/schedules/{own['id']}", {"enabled": False}, **as_limited).status == 200


# --- the keeper ---

def test_there_is_a_keeper_only_while_something_lies_ahead(server):
    assert not keepers(server) and not (server.data / "keeper").exists()
    first, second = schedule(server, "@daily"), schedule(server, "@hourly")
    assert len(keepers(server)) == 1
    keeper = keepers(server)[0]
    server.delete(f"/schedules/{first['id']}")
    server.delete(f"/schedules/{second['id']}")
    server.clock.move(DAY)  # it looks, and finds nothing
    wait_until(lambda: not keepers(server), 10, "the keeper has ended")
    assert not (server.data / "keeper").exists()
    schedule(server, "@daily")
    assert len(keepers(server)) == 1 and keepers(server)[0] != keeper


def test_the_keeper_is_small(server):
    schedule(server, "@daily")
    status = pathlib.Path(f"/proc/{keepers(server)[0]}/status").read_text()
    if "Sanitizer" not in status and not os.environ.get("JOBJOKER_BUILD"):
        resident = int(status.split("VmRSS:")[1].split()[0])
        assert resident < 2048, f"{resident} KiB"


def test_what_is_due_earlier_wakes_the_keeper(server):
    schedule(server, "@yearly")
    keeper = keepers(server)
    at = (server.clock.now() + datetime.timedelta(seconds=0.3)).isoformat()
    assert server.ended(server.create("Hello", run_at=at))["status"] == "done"
    assert keepers(server) == keeper


def test_the_keeper_outlives_apache(server):
    made = schedule(server, "@hourly")
    server.stop()
    server.clock.move_to(made["next"][0])
    wait_until(lambda: server.store.sql("SELECT count(*) FROM job WHERE state = 5 AND schedule = ?", made["id"]) == [(1,)],
               30, "the job ran without a web server")
    assert server._start()
    assert len(jobs_of(server, made)) == 1


def test_a_keeper_that_was_killed_comes_back_with_the_next_request(server):
    made = schedule(server, "@hourly", catch_up="last")
    old = keepers(server)[0]
    os.kill(old, signal.SIGKILL)  # as a machine that restarts does
    wait_until(lambda: not keepers(server))
    server.clock.move_to(made["next"][0])
    assert server.get("/me").status == 200
    all_over(server, made, 1)
    assert len(keepers(server)) == 1 and keepers(server)[0] != old


def test_of_many_requests_that_find_no_keeper_one_starts_it(server):
    schedule(server, "@daily")
    for _ in range(5):
        os.kill(keepers(server)[0], signal.SIGKILL)
        wait_until(lambda: not keepers(server))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert all(a.status == 200 for a in pool.map(lambda _: server.get("/me"), range(16)))
        wait_until(lambda: len(keepers(server)) == 1, 10, "one keeper")


def test_the_command_does_what_the_keeper_does(server):
    made = schedule(server, "@hourly")
    end_keeper(server)
    server.clock.move_to(made["next"][0])
    command = apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), "tick"]
    done = subprocess.run(command, capture_output=True, text=True,
                          env={"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data), "JOBJOKER_CLOCK_FILE": str(server.clock.file)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    all_over(server, made, 1)
    assert len(keepers(server)) == 1  # since more lies ahead


def restart_machine(server):
    """As it looks afterwards: no keeper, and another boot id than the one that was seen."""
    for pid in keepers(server):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not keepers(server))
    assert server.store.change("UPDATE machine SET boot = 'before'") == 1
    file = server.data / "keeper"
    if file.exists() and file.read_text():
        file.write_text("before")


def test_what_runs_after_a_start_of_the_machine(server):
    made = schedule(server, "@reboot")
    assert (made["next"], made["description"]) == ([], "Once after each start of the machine")
    wait_until(lambda: not keepers(server), 10, "the keeper rests")
    assert (server.data / "keeper").read_text() == pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    for _ in range(3):
        server.get("/me")
    assert not keepers(server) and jobs_of(server, made) == []
    for n in (1, 2):
        restart_machine(server)
        server.get("/me")
        all_over(server, made, n)
        wait_until(lambda: not keepers(server), 10, "the keeper rests again")
    tick(server)
    assert len(jobs_of(server, made)) == 2


# --- several at once ---

def test_passes_that_are_killed_lose_no_time_and_make_none_twice(server):
    """A minute passes, and a pass is killed at any moment of it, fifty times."""
    made = schedule(server, "* * * * *", catch_up="all", window=HOUR)
    end_keeper(server)
    first = time_of(made["next"][0])
    command = apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), "tick", "--keeper"]
    environment = {"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data), "JOBJOKER_CLOCK_FILE": str(server.clock.file)}
    rng, killed = random.Random(7), 0
    server.clock.move_to(first.isoformat())
    for minute in range(50):
        server.clock.move(MINUTE if minute else 0)
        tick = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            tick.wait(rng.uniform(0.001, 0.015))
        except subprocess.TimeoutExpired:
            tick.kill()
            tick.wait()
            killed += 1
    assert killed
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    jobs = all_over(server, made, 50)
    assert [time_of(j["scheduled"]) for j in jobs] == [first + datetime.timedelta(minutes=n) for n in range(50)]
    # Who is killed between the claim and the start of the runner leaves a job that is lost, and is told so.
    assert {j["status"] for j in jobs} <= {"done", "error"} and {j["reason"] for j in jobs} <= {None, "runner lost"}


def test_of_two_front_ends_each_time_is_taken_by_one(server, new_server):
    """1,000 jobs are due at once, 40 of them by schedules, and two Apaches, their requests and the keeper all tick."""
    server.put_worker("Mark", "#!/bin/sh\necho x >>\"$JOBJOKER_PARAM_marks/$JOBJOKER_ID\"\n")
    marks = server.top / "marks"
    marks.mkdir()
    marks.chmod(0o777)
    other = new_server(start=False, settings={**server.settings, "JOBJOKER_DATA": str(server.data)})
    other.init = lambda: None
    other.store = server.store
    other.write_settings("")
    other.start()
    other.token = server.token
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: schedule(server, "@hourly", "Mark", {"marks": str(marks)}, name=f"s{n}"), range(40)))
        at = made[0]["next"][0]
        ids = list(pool.map(lambda n: (server, other)[n % 2].create("Mark", {"marks": str(marks)}, run_at=at), range(960)))
        server.clock.move_to(at)
        answers = list(pool.map(lambda n: (server, other)[n % 2].post("/tick", seconds=300), range(8)))
    assert {a.status for a in answers} <= {200}, answers
    wait_until(lambda: server.store.sql("SELECT count(*) FROM job WHERE state = 5") == [(1000,)], 300, "all have run")
    assert server.store.sql("SELECT count(*), max(attempt) FROM job") == [(1000, 1)]
    assert server.store.sql("SELECT count(DISTINCT schedule) FROM job") == [(40,)]
    assert {m.read_text() for m in marks.iterdir()} == {"x\n"}
    assert len(list(marks.iterdir())) == 1000 and set(ids) <= {m.name for m in marks.iterdir()}
    other.close()
