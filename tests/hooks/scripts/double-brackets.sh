#!/bin/bash
[[ $2 == gw* && $3 == MASTER ]] && ip route replace default via 192.0.2.1
[[ $2 == VI_* ]] && [[ $3 != MASTER ]] && systemctl stop radvd
exit 0
