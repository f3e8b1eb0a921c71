#!/bin/bash
declare -A via=([gw4]=192.0.2.1 [gw6]=2001:db8::1)
gateway=${via[$2]}
[[ -n $gateway ]] || exit 0
[[ $3 == MASTER ]] && ip route replace default via "$gateway"
exit 0
