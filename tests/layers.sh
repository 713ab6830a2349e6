#!/bin/sh
# The arrows of DESIGN.md section 2: fails when an #include points against them.
#   lib/base <- lib/job <- lib/store <- lib/worker <- lib/engine <- cgi-bin, and lib/base, lib/job <- runner
# Includes are written from lib/ on ("job/job.h"), or name a file of the same folder.
set -eu
cd "$(dirname "$0")/.."

# The folders of lib/ that a folder may include from.
allowed()
{
    case $1 in
    lib/base) echo base ;;
    lib/job) echo base job ;;
    lib/store) echo base job store ;;
    lib/worker) echo base job store worker ;;
    lib/engine) echo base job store worker engine ;;
    cgi-bin) echo base job store worker engine ;;
    runner) echo base job ;;
    esac
}

# Prints "FILE:LINE:FOLDER/NAME" for each include in quotes that names another folder.
includes()
{
    find "$1" -name '*.[ch]' -exec \
        sed -n -E '\,^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*/,{
            F
            =
            s,^[^"]*"([^"]*)".*,\1,p
        }' {} + | paste -d : - - -
}

failed=0
files=0
for folder in lib/base lib/job lib/store lib/worker lib/engine cgi-bin runner; do
    may=" $(allowed "$folder") "
    files=$((files + $(find "$folder" -name '*.[ch]' | wc -l)))
    for found in $(includes "$folder"); do
        name=${found##*:}
        case $name in
        */*) ;;
        *) continue ;; # of the same folder
        esac
        case $folder:$name in
        runner:jobjoker/*) continue ;;  # what a worker's author includes
        lib/store:sql/*.h) continue ;; # the migrations, made by the build
        esac
        case $may in
        *" ${name%%/*} "*) ;;
        *)
            echo "$found: $folder may include only from$may" >&2
            failed=$((failed + 1))
            ;;
        esac
    done
done

# Only the back-end knows the database.
found=$(grep -rnE --include='*.[ch]' '#[[:space:]]*include[[:space:]]*<(sqlite3|mysql|errmsg|mysqld_error)\.h>' lib cgi-bin runner |
    grep -vE '^lib/store/[a-z_]*(sqlite|mysql)' || true)
if [ -n "$found" ]; then
    echo "$found: only the back-end in lib/store may know the database" >&2
    failed=$((failed + 1))
fi

if [ "$files" -eq 0 ]; then
    echo "tests/layers.sh: found no source file" >&2
    exit 1
fi
[ "$failed" -eq 0 ] || exit 1
echo "$files files keep the layers"
