"""How long jobs are kept: what goes, what stays, and in what steps, with a clock that the tests move."""
import contextlib
import os
import subprocess

import pytest

import apache
import store
from apache import tick, wait_until
from test_schedules import DAY, HOUR, MINUTE, Clock, end_keeper, keepers

ENDS = '#!/bin/sh\necho said\necho "::response::answer"\nexit ${JOBJOKER_PARAM_code:-0}\n'
WAITS = "#!/bin/sh\nmkfifo gate\necho ready\nread line < gate\n"


def options(text):
    return f"#!/bin/sh\n# Options: {text}\necho said\n"


@pytest.fixture
def kept(new_server):
    """Makes a server that keeps what these settings say."""
    def make(**settings):
        server = new_server(start=False)
        server.settings.update({f"JOBJOKER_{name.upper()}": str(value) for name, value in settings.items()})
        server.clock = Clock(server)
        server.start()
        server.put_worker("Ends", ENDS)
        return server

    return make


def ended(server, id):
    """Its runner has tidied up too, which it does a moment after it has told the end: until then the job is not swept."""
    job = server.ended(id)
    wait_until(lambda: not (server.data / "run" / id).exists(), 20, "its runner has tidied up")
    return job


def run(server, count=1, worker="Ends", **more):
    return [ended(server, server.start_job(worker, **more))["id"] for _ in range(count)]


def left(server, ids):
    """Those that are there, by their places in the list."""
    found = {id for id, in server.store.sql("SELECT id FROM job")}
    return [n for n, id in enumerate(ids) if id in found]


def rows(server, table):
    return server.store.sql(f"SELECT count(*) FROM {table}")[0][0]


# --- jobs by the thousand, without running each ---

def columns(server, table):
    if store.ON_MYSQL:
        return [name for name, in server.store.sql("SELECT column_name FROM information_schema.columns WHERE table_schema = database()"
                                                   f" AND table_name = '{table}' ORDER BY ordinal_position")]
    return [row[1] for row in server.store.sql(f"PRAGMA table_info({table})")]


def multiply(server, id, count, entries=0):
    """As many more jobs as one that is over, which ended a millisecond after one another; and entries of each. Returns their ids."""
    wait_until(lambda: not keepers(server), 20, "the keeper that came with the first job has ended")
    names = columns(server, "job")
    values = ", ".join({"number": "NULL", "id": "n.id", "stopped": "j.stopped + n.n"}.get(name, f'j."{name}"') for name in names)
    ids = [f"{id[:19]}{n:07d}" for n in range(1, count + 1)]
    worker, state, first = server.store.sql("SELECT worker, state, number FROM job WHERE id = ?", id)[0]
    for start in range(0, count, 400):
        some = " UNION ALL ".join(f"SELECT {n + 1} AS n, '{ids[n]}' AS id" for n in range(start, min(start + 400, count)))
        server.store.sql(f"INSERT INTO job ({', '.join(map(quoted, names))}) SELECT {values} FROM job j JOIN ({some}) n WHERE j.id = '{id}'")
    server.store.sql("UPDATE job_count SET jobs = jobs + ? WHERE worker = ? AND state = ?", count, worker, state)
    for seq in range(1, entries + 1):
        server.store.sql("INSERT INTO entry (job, kind, seq, start, time, stream, open, bytes)"
                         f" SELECT number, 1, {seq}, {100 * (seq - 1)}, 0, 1, 0, '{99 * 'x'}' FROM job WHERE number > ?", first)
    if entries:
        server.store.sql("UPDATE job SET log_count = ?, log_size = ? WHERE number > ?", entries, 100 * entries, first)
    return ids


def quoted(name):
    return f'"{name}"'


def lengthen(server, id, entries):
    """A log of so many entries more, of 100 bytes each."""
    number, count, size = server.store.sql("SELECT number, log_count, log_size FROM job WHERE id = ?", id)[0]
    for start in range(0, entries, 5000):
        some = ", ".join(f"({number}, 1, {count + n + 1}, {size + 100 * n}, 0, 1, 0, '{99 * 'x'}')" for n in range(start, min(start + 5000, entries)))
        server.store.sql(f"INSERT INTO entry (job, kind, seq, start, time, stream, open, bytes) VALUES {some}")
    server.store.sql("UPDATE job SET log_count = ?, log_size = ? WHERE id = ?", count + entries, size + 100 * entries, id)


# --- passes, one by one: no keeper goes on by itself ---

def begin_pass(server):
    return subprocess.Popen(apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), "tick", "--keeper"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data), **server.settings})


def make_pass(server):
    """Does it say that there is more?"""
    process = begin_pass(server)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return 0 < int(said.split()[0]) < (server.clock.now().timestamp() + MINUTE) * 1000


def make_passes(server):
    """All that are needed: how many these were."""
    count = 1
    while make_pass(server):
        count += 1
        assert count < 1000
    return count


# --- by age ---

def test_a_job_is_kept_for_so_many_days_after_its_end(kept):
    server = kept(keep_days=7)
    ids = run(server, 2)
    server.clock.move(3 * DAY)
    ids += run(server)
    server.clock.move(4 * DAY - HOUR)
    make_passes(server)
    assert left(server, ids) == [0, 1, 2]
    server.clock.move(2 * HOUR)
    make_passes(server)
    assert left(server, ids) == [2]
    assert server.get(f"/jobs/{ids[0]}").json["code"] == "job_unknown"
    assert server.job(ids[2])["status"] == "done" and server.response(ids[2]) == "answer"
    server.clock.move(3 * DAY)
    assert server.post("/tick").status == 200
    wait_until(lambda: left(server, ids) == [] and rows(server, "entry") == 0, 20, "nothing is left")
    assert server.get("/jobs").json["total"] == 0


def test_it_is_the_end_that_counts(kept):
    server = kept(keep_days=7)
    waits = server.create("Ends")
    server.clock.move(30 * DAY)
    server.put(f"/jobs/{waits}/status", "start")
    ended(server, waits)
    make_passes(server)
    assert left(server, [waits]) == [0]


@pytest.mark.parametrize("status", ["done", "error", "stop"])
def test_however_it_ended(kept, status):
    server = kept(keep_days=1)
    server.put_worker("Waits", WAITS)
    if status == "stop":
        id = server.start_job("Waits")
        wait_until(lambda: "ready" in server.log(id), 20, "it runs")
        server.put(f"/jobs/{id}/status", "kill")
    else:
        id = server.start_job("Ends", {"code": 0 if status == "done" else 3})
    assert ended(server, id)["status"] == status
    server.clock.move(DAY + MINUTE)
    make_passes(server)
    assert left(server, [id]) == []


def test_attempts_go_too(kept):
    server = kept(keep_days=1)
    id = server.start_job("Ends", {"code": 3}, retries={"limit": 2, "delay": 0})
    assert ended(server, id)["attempt"] == 3 and rows(server, "attempt") == 2
    server.clock.move(DAY + MINUTE)
    make_passes(server)
    assert left(server, [id]) == [] and rows(server, "attempt") == 0


# --- by number ---

def test_the_last_of_each_worker_are_kept(kept):
    server = kept(keep_jobs=3)
    server.put_worker("Other", ENDS)
    ids, others = run(server, 5), run(server, 2, "Other")
    make_passes(server)
    assert left(server, ids) == [2, 3, 4] and left(server, others) == [0, 1]
    ids += run(server, 1)
    make_passes(server)
    assert left(server, ids) == [3, 4, 5]


def test_the_last_of_all_are_kept(kept):
    server = kept(keep_jobs_all=4)
    server.put_worker("Other", ENDS)
    ids = run(server, 2) + run(server, 2, "Other") + run(server, 1) + run(server, 1, "Other")
    make_passes(server)
    assert left(server, ids) == [2, 3, 4, 5]


def test_both_limits_hold(kept):
    server = kept(keep_jobs=2, keep_jobs_all=3, keep_days=1)
    server.put_worker("Other", ENDS)
    ids = run(server, 4) + run(server, 3, "Other")
    make_passes(server)
    assert left(server, ids) == [3, 5, 6]
    server.clock.move(DAY + MINUTE)
    make_passes(server)
    assert left(server, ids) == []


def test_jobs_of_a_worker_that_was_deleted_go_by_the_settings(kept):
    server = kept(keep_jobs=1)
    server.put_worker("Gone", options('{"keep_jobs": 0}'))
    ids = run(server, 3, "Gone")
    make_passes(server)
    assert left(server, ids) == [0, 1, 2]
    server.delete("/workers/Gone")
    make_passes(server)
    assert left(server, ids) == [2]


# --- a worker's own word ---

def test_a_worker_says_how_many_of_its_jobs_are_kept(kept):
    server = kept()
    server.put_worker("Few", options('{"keep_jobs": 1}'))
    ids, few = run(server, 3), run(server, 3, "Few")
    make_passes(server)
    assert left(server, ids) == [0, 1, 2] and left(server, few) == [2]


def test_a_worker_says_for_how_long(kept):
    server = kept(keep_days=30)
    server.put_worker("Short", options('{"keep_days": 1}'))
    server.put_worker("Ever", options('{"keep_days": 0}'))
    ids = run(server) + run(server, 1, "Short") + run(server, 1, "Ever")
    server.clock.move(DAY + MINUTE)
    make_passes(server)
    assert left(server, ids) == [0, 2]
    server.clock.move(30 * DAY)
    make_passes(server)
    assert left(server, ids) == [2]


def test_its_current_version_counts(kept):
    server = kept()
    server.put_worker("Few", options('{"keep_jobs": 1}'))
    server.put_worker("Few", options("{}"))
    ids = run(server, 3, "Few")
    make_passes(server)
    assert left(server, ids) == [0, 1, 2]
    server.put_worker("Few", options('{"keep_jobs": 2}'))
    make_passes(server)
    assert left(server, ids) == [1, 2]


# --- what stays ---

def test_jobs_of_a_worker_whose_options_are_not_understood_stay(kept):
    """A newer version wrote them, perhaps; and what is deleted is gone."""
    server = kept(keep_jobs=1)
    server.put_worker("Ends", "#!/bin/sh\n# Options: {\"keep_days\": 0, \"keep_jobs\": 0}\n")
    ids = run(server, 3)
    server.store.change("UPDATE worker_version SET options = ? WHERE worker = 'Ends'", '{"keep_days": 0, "keep_for_whom": "ann"}')
    other = server.put_worker("Other", ENDS) and run(server, 2, "Other")
    make_passes(server)
    assert left(server, ids) == [0, 1, 2] and left(server, other) == [1]
    assert "Ends: its jobs are kept" in server.error_log() + (server.data / "runner.log").read_text()


def test_nothing_is_swept_where_nothing_is_said(kept):
    server = kept()
    ids = run(server, 3)
    server.clock.move(10000 * DAY)
    make_passes(server)
    assert left(server, ids) == [0, 1, 2]
    run(server)
    assert not (server.data / "swept").exists() and not keepers(server)


def test_what_is_not_over_stays(kept):
    server = kept(keep_days=1, keep_jobs=1, keep_jobs_all=1)
    server.put_worker("Waits", WAITS)
    assert server.put("/queues/q", {"slots": 1, "paused": True}).status in (200, 201)
    ids = [server.create("Ends"), server.start_job("Waits"), server.start_job("Ends", queue="q"),
           server.create("Ends", run_at=server.clock.now().replace(year=2100).isoformat())]
    ids += [server.create("Ends", after=[ids[1]])]
    over = run(server, 3)
    server.clock.move(40 * DAY)
    make_passes(server)
    assert left(server, ids) == [0, 1, 2, 3, 4] and left(server, over) == []
    assert [server.status(id) for id in ids] == ["idle", "active", "idle", "idle", "idle"]


def test_what_a_waiting_job_comes_after_stays_until_that_has_begun(kept):
    server = kept(keep_days=1, keep_jobs=1)
    server.put_worker("Waits", WAITS)
    first = run(server)[0]
    gate = server.start_job("Waits")
    last = server.create("Ends", {"said": "${jobs.%s.response}" % first}, after=[first, gate])
    others = run(server, 2)
    server.clock.move(2 * DAY)
    make_passes(server)
    assert left(server, [first, *others]) == [0]
    wait_until(lambda: "ready\n" in server.log(gate), 20, "it runs")
    (server.data / "run" / gate / "work" / "gate").write_text("go\n")
    job = ended(server, last)
    assert (job["status"], job["parameters"]) == ("done", {"said": "answer"})
    make_passes(server)
    assert left(server, [first, gate, last]) == [1, 2]
    server.clock.move(2 * DAY)
    make_passes(server)
    assert left(server, [first, gate, last]) == [] and rows(server, "job_after") == 0


# --- the folder of a run ---

def plant(server, id):
    """What a runner leaves that is killed when all was delivered."""
    run = server.data / "run" / id
    made = f'mkdir -p "{run}/work/deep" "{run}/tmp" && touch "{run}/lock" "{run}/work/deep/file" && echo "report 1 0" > "{run}/spool"'
    subprocess.run(apache.as_user() + ["sh", "-c", made], check=True)
    return run


def test_the_folder_and_the_spool_of_a_run_go_too(kept):
    server = kept(keep_days=1)
    id = run(server)[0]
    folder = plant(server, id)
    server.clock.move(DAY + MINUTE)
    make_passes(server)
    assert left(server, [id]) == [] and not folder.exists()


def test_a_job_whose_runner_is_still_at_it_goes_another_time(kept):
    server = kept(keep_jobs=1)
    ids = run(server)
    folder = plant(server, ids[0])
    holder = subprocess.Popen(["flock", folder / "lock", "sh", "-c", "echo held; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    ids += run(server, 2)
    make_passes(server)
    assert left(server, ids) == [0, 2] and folder.exists()
    holder.communicate(b"end\n")
    make_passes(server)
    assert left(server, ids) == [2] and not folder.exists()


def test_who_is_killed_between_the_folder_and_the_row_leaves_nothing_for_ever(kept):
    server = kept(keep_days=1)
    id = run(server)[0]
    make_passes(server)
    folder = plant(server, id)
    server.clock.move(DAY + MINUTE)
    with server.store.writing():
        process = begin_pass(server)
        wait_until(lambda: not folder.exists(), 20, "the folder is gone")
        process.kill()
        process.communicate()
    assert left(server, [id]) == [0] and server.log(id) == "STARTED\nsaid\nENDED\n"
    make_passes(server)
    assert left(server, [id]) == [] and rows(server, "entry") == 0


def test_deleting_a_job_by_hand_removes_its_folder(kept):
    server = kept()
    id = run(server)[0]
    folder = plant(server, id)
    assert server.delete(f"/jobs/{id}").status == 200
    assert not folder.exists()


def test_a_folder_whose_job_was_deleted_goes_after_a_day(kept):
    server = kept()
    forgotten, unheard = run(server, 2)
    for id in (forgotten, unheard):
        server.delete(f"/jobs/{id}")
    folders = [plant(server, id) for id in (forgotten, unheard)]
    (folders[0] / "spool").write_text("")
    tick(server)
    assert [f.exists() for f in folders] == [True, True]
    server.clock.move(DAY + MINUTE)
    tick(server)
    assert [f.exists() for f in folders] == [False, True]  # reports that nobody took may be somebody's


# --- in steps ---

def test_a_pass_has_a_bound_and_the_next_goes_on(kept):
    server = kept(keep_jobs=10)
    ids = multiply(server, run(server)[0], 1300)
    before = len(ids)
    for count in range(1, 1000):
        more = make_pass(server)
        now = len(left(server, ids))
        assert before - now <= 500 + 50
        assert more == (now > 10) or now == 10  # at the bound it may not know yet that nothing is left
        before = now
        if not more:
            break
    assert count >= 3 and left(server, ids) == list(range(1290, 1300))
    assert server.get("/jobs?worker=Ends").json["total"] == 10


def test_of_two_passes_at_once_none_deletes_what_is_to_stay(kept):
    """Both have counted the jobs of Few, of which one is to stay; then one of them comes first. We are that one."""
    server = kept()
    server.put_worker("Few", ENDS)
    ids, few = run(server, 2), run(server, 3, "Few")
    make_passes(server)
    server.settings["JOBJOKER_KEEP_JOBS"] = "1"  # for the passes that we make
    folder = plant(server, ids[0])
    with server.store.writing(last=[f"DELETE FROM job WHERE id IN ('{few[0]}', '{few[1]}')",
                                    "UPDATE job_count SET jobs = 1 WHERE worker = 'Few' AND jobs = 3"]):
        process = begin_pass(server)
        wait_until(lambda: not folder.exists(), 20, "it is about to delete what is too much of Ends")
    assert process.communicate(timeout=60)[1] == ""
    assert left(server, ids) == [1] and left(server, few) == [2]
    make_passes(server)
    assert left(server, ids) == [1] and left(server, few) == [2]


def test_the_keeper_goes_on_until_all_is_gone_and_ends(kept):
    server = kept(keep_jobs=10)
    ids = multiply(server, run(server)[0], 1300)
    assert server.post("/tick").data[0]["next"] is not None
    wait_until(lambda: left(server, ids) == list(range(1290, 1300)), 180, "all that is too much is gone")
    wait_until(lambda: not keepers(server), 20, "the keeper has ended")


def test_jobs_that_are_needed_do_not_stop_a_pass(kept):
    """More than a step takes, all before those that may go."""
    server = kept(keep_days=1)
    first = run(server)[0]
    ids = [first] + multiply(server, first, 220)
    later = [server.create("Ends", after=ids[n:n + 50]) for n in range(0, 150, 50)]
    gate = server.create("Ends")
    server.store.sql("UPDATE job SET state = 1, waiting = 5, stopped = 0, chain = 1 WHERE id IN (?, ?, ?)", *later)
    server.store.sql("UPDATE job_after SET outcome = 0")
    server.store.sql("INSERT INTO job_after (job, earlier, earlier_id, awaits, outcome) SELECT l.number, g.number, g.id, 4, 0 FROM job l, job g"
                     " WHERE l.id IN (?, ?, ?) AND g.id = ?", *later, gate)
    server.clock.move(2 * DAY)
    make_passes(server)
    assert left(server, ids) == list(range(150))


@pytest.mark.parametrize("killed", [False, True])
def test_a_long_log_goes_in_several_transactions(kept, killed):
    server = kept(keep_days=1)
    id, other = run(server, 2)
    lengthen(server, id, 30000)
    server.clock.move(DAY + MINUTE)
    process = begin_pass(server)
    if killed:
        wait_until(lambda: left(server, [id]) == [], 20, "its row is gone")
        process.kill()
    process.communicate()
    assert left(server, [id, other]) in ([], [1])
    assert rows(server, "leftover") <= 1
    assert server.get(f"/jobs/{id}/log").status == 404
    make_passes(server)
    assert (rows(server, "entry"), rows(server, "leftover"), left(server, [id, other])) == (0, 0, [])


# --- in nobody's way ---

def test_who_reads_is_not_in_the_way_and_sees_what_he_saw(kept):
    server = kept(keep_jobs=10)
    ids = multiply(server, run(server)[0], 700, entries=3)
    with server.store.reading("SELECT count(*), min(id) FROM job") as again:
        before = again()
        make_passes(server)
        assert len(left(server, ids)) == 10
        assert again() == before


def test_requests_are_answered_meanwhile(kept):
    server = kept(keep_jobs=10)
    active = server.create("Ends")
    ids = multiply(server, run(server)[0], 1500, entries=5)
    answered = 0
    while len(left(server, ids)) > 10:
        process = begin_pass(server)
        while process.poll() is None:
            assert server.get(f"/jobs/{ids[-1]}/log?tail=1").status == 200
            assert server.post(f"/jobs/{active}/log", "said").status in (200, 201)
            answered += 1
        process.communicate()
    assert answered > 0 and server.log(active) == "said\n" * answered


# --- errors ---

@contextlib.contextmanager
def undeletable(server):
    server.store.sql("CREATE TRIGGER stubborn BEFORE DELETE ON job FOR EACH ROW " +
                     ("SIGNAL SQLSTATE '45000'" if store.ON_MYSQL else "BEGIN SELECT RAISE(ABORT, 'stubborn'); END"))
    yield
    server.store.sql("DROP TRIGGER stubborn")


def test_an_error_keeps_nobody_awake(kept):
    server = kept(keep_days=1)
    ids = run(server, 5)
    end_keeper(server)
    with undeletable(server):
        server.clock.move(DAY + MINUTE)
        assert not make_pass(server)
        answer = server.post("/tick")
        assert (answer.status, answer.data[0]["next"]) == (200, None)
        wait_until(lambda: not keepers(server), 20, "no keeper lives")
        assert not (server.data / "keeper").exists()
        assert left(server, ids) == [0, 1, 2, 3, 4]
        assert "what is not kept for ever waits for the next tick" in server.error_log()
    make_passes(server)
    assert left(server, ids) == []


def test_an_error_keeps_no_schedule_from_its_time(kept):
    server = kept(keep_days=1)
    ids = run(server, 3)
    with undeletable(server):
        server.clock.move(DAY + MINUTE)
        due = server.create("Ends", run_at=(server.clock.now().replace(microsecond=0)).isoformat())
        assert server.ended(due)["status"] == "done"
        tick(server)
        assert left(server, ids) == [0, 1, 2]


# --- where no keeper lives ---

def test_a_new_job_has_it_done_at_most_once_an_hour(kept):
    server = kept(keep_jobs=1)
    first = server.start_job("Ends")
    wait_until((server.data / "swept").exists, 20, "the stamp")
    server.ended(first)
    wait_until(lambda: not keepers(server), 20, "the keeper has ended")
    ids = [first] + run(server, 3)
    assert left(server, ids) == [0, 1, 2, 3] and not keepers(server)
    server.clock.move(HOUR + MINUTE)
    ids += run(server)
    wait_until(lambda: left(server, ids)[0] >= 3, 20, "what is too much is gone")
    wait_until(lambda: not keepers(server), 20, "the keeper has ended")


def test_jobs_of_a_list_count_too(kept):
    server = kept()
    server.put_worker("Few", options('{"keep_jobs": 1}'))
    assert server.post("/jobs", [{"worker": "Ends"}, {"worker": "Ends"}]).status == 201
    assert not (server.data / "swept").exists()
    assert server.post("/jobs", [{"worker": "Ends"}, {"worker": "Few"}]).status == 201
    assert (server.data / "swept").exists()


# --- told ---

def test_the_audit_trail_tells_it(kept):
    server = kept(keep_days=1)
    run(server, 3)
    server.clock.move(DAY + MINUTE)
    make_passes(server)
    told = server.get("/audit?action=sweep").data
    assert [(row["action"], row["object"], row["times"], row["via"], row["status"]) for row in told] == [("sweep", "Ends", 3, "retention", 200)]
    said = subprocess.run(apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), "audit", "verify"], capture_output=True, text=True,
                          env={"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data), **server.settings})
    assert said.returncode == 0, said


# --- SQLite's file ---

@store.sqlite_only
def test_the_file_becomes_smaller(kept):
    server = kept(keep_days=1)
    id = run(server)[0]
    for _ in range(24):
        assert server.post(f"/jobs/{id}/log", b"x" * 1000000).status in (200, 201)
    path = server.data / "jobs.db"
    server.store.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    before = os.stat(path).st_size
    assert before > 24000000
    server.clock.move(DAY + MINUTE)
    make_passes(server)
    server.store.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    after = os.stat(path).st_size
    assert left(server, [id]) == [] and after < 3000000, (before, after)
    assert server.store.sql("PRAGMA integrity_check") == [("ok",)]


@store.sqlite_only
def test_an_older_file_keeps_its_size_until_it_is_restored_from_a_backup(kept):
    server = kept(keep_days=1)
    server.stop()
    wait_until(lambda: not server.processes(), 20, "nobody has the file open")
    server.store.sql("PRAGMA journal_mode = DELETE")
    for statement in ("PRAGMA auto_vacuum = NONE; VACUUM", "PRAGMA journal_mode = WAL"):
        subprocess.run(apache.as_user() + ["sqlite3", str(server.data / "jobs.db"), statement], check=True, stdout=subprocess.DEVNULL)
    assert server.store.sql("PRAGMA auto_vacuum") == [(0,)]
    assert not make_pass(server)
    environment = {"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data), **server.settings}
    for words in (["backup", str(server.data / "copy.db")], ["restore", str(server.data / "copy.db")]):
        subprocess.run(apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), *words], check=True, env=environment, stdout=subprocess.DEVNULL)
    assert server.store.sql("PRAGMA auto_vacuum") == [(2,)]
