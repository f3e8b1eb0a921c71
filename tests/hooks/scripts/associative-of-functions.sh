#!/bin/bash
up4() { ip route replace default via 192.0.2.1; }
down4() { ip route del default; }
declare -A handler=(["gw4:MASTER"]=up4 ["gw4:BACKUP"]=down4)
handler=${handler["$2:$3"]:-}
if [ -n "$handler" ]; then "$handler"; fi
