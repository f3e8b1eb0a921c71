#!/bin/bash
known='^(gw4|lan)$'
[[ $2 =~ $known ]] || { logger "not mine: $2"; exit 0; }
[[ $3 = MASTER ]] && systemctl start bird
exit 0
