#!/bin/bash
IFS=: read -r name state <<< "$2:$3"
IFS=_ read -ra parts <<< "$name"
if (( ${#parts[@]} == 2 )) && [[ ${parts[1]} == lan && $state == MASTER ]]; then
    systemctl start dhcpd
fi
