#!/bin/sh
STATE=${3:-${NOTIFY_STATE:-BACKUP}}
INSTANCE=${2-none}
PEER=${PEER:+known}
[ "$PEER" ] && exit 0
if [ "${INSTANCE%%[0-9]*}" = gw ] && [ "${STATE}" = MASTER ]; then ip route replace default via 192.0.2.1; fi
