#!/bin/sh
# Starts systemd as process 1 of a machine of its own, for tests/fault/machine.py, which says more:
#   unshare --mount --pid --ipc --uts --fork --kill-child tests/fault/machine.sh CGROUP FOLDER UNITS CONSOLE
# CGROUP   name of a new control group, which will be the machine's root
# FOLDER   the only one of the host's that can be written to
# UNITS    where all of the machine's units are
# CONSOLE  the terminal to which systemd writes
set -eu

if [ "$1" != inside ]; then
    mount --make-rprivate /
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir "/sys/fs/cgroup/$1"
    echo $$ >"/sys/fs/cgroup/$1/cgroup.procs"
    umount /sys/fs/cgroup
    shift
    exec unshare --cgroup "$0" inside "$@"
fi

mount --bind "$2" "$2"
mount -o remount,bind,ro /
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
for folder in /run /tmp /var/tmp; do
    mount -t tmpfs -o mode=1777 tmpfs "$folder"
done
chmod 755 /run
mkdir /run/apache2
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind "$4" /dev/console
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=jobjoker-test SYSTEMD_UNIT_PATH="$3" \
    SYSTEMD_GENERATOR_PATH= SYSTEMD_ENVIRONMENT_GENERATOR_PATH= \
    setpriv --bounding-set=-sys_boot,-sys_module,-sys_time,-syslog,-sys_rawio --inh-caps=-all \
    /lib/systemd/systemd --system --unit=machine.target --log-target=console --show-status=no
