#!/bin/sh
if echo "$2" | grep -qE '^(gw4|gw6)$'; then
    if [ "$3" = MASTER ]; then vtysh -c 'clear bgp *'; fi
fi
