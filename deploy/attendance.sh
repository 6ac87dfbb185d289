#!/bin/sh
# /usr/local/sbin/attendance, for root: the commands of the service that attendance.service runs, where it runs, as its user,
# with its settings and its secrets: `attendance user list`. docs/operating.md says how it gets there. Nothing but
# /var/lib/attendance can be written to by a command; a file is read from there, too.
#
# Each file in /etc/attendance/secrets is a setting of the name of the file: secret_key is ATTENDANCE_SECRET_KEY.
set -eu

# systemd calls this a second time, as the service's user and with the secrets at hand
if [ "${1-}" = --within ]; then
    shift
    for file in "${CREDENTIALS_DIRECTORY:-/nonexistent}"/*; do
        [ -f "$file" ] || continue
        name=$(basename "$file" | tr '[:lower:]' '[:upper:]')
        export "ATTENDANCE_${name}_FILE=$file"
    done
    exec /opt/attendance/bin/attendance "$@"
fi

# what systemd would take for a variable is an argument like others
for word in "$@"; do
    set -- "$@" "$(printf '%s' "$word" | sed 's/\$/$$/g')"
    shift
done
set -- /usr/local/sbin/attendance --within "$@"
for file in /etc/attendance/secrets/*; do
    [ -f "$file" ] || continue
    set -- -p "LoadCredential=$(basename "$file"):$file" "$@"
done
# --pty and --pipe: the one that fits, so that a password is asked for on a terminal, and output goes into a pipe
exec systemd-run --quiet --pty --pipe --wait --collect \
    -p DynamicUser=yes -p User=attendance -p StateDirectory=attendance -p StateDirectoryMode=0700 -p UMask=0077 \
    -p WorkingDirectory=/var/lib/attendance -p EnvironmentFile=-/etc/attendance/attendance.env "$@"
