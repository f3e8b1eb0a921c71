#!/bin/bash
table=(gw4:192.0.2.1 gw6:2001:db8::1)
for entry in "${table[@]}"; do
    name=${entry%%:*}
    via=${entry#*:}
    [ "$name" = "$2" ] || continue
    [ "$3" = MASTER ] && ip route replace default via "$via"
done
exit 0
