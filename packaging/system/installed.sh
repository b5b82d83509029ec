#!/bin/sh
# After a package is installed: the user of the units exists, and systemd knows them.
# Nothing is started.
set -e
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers qleaks.conf
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
