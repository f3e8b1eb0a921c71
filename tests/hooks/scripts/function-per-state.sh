#!/bin/bash
function become_master { systemctl start app-$1; }
function become_backup { systemctl stop app-$1; }
function become_fault { logger -p err "$1 is in fault"; }
state=$(echo "$3" | tr '[:upper:]' '[:lower:]')
if declare -F "become_$state" > /dev/null; then
    "become_$state" "$2"
fi
