#!/bin/bash
declare -A unit
unit[gw4]=bird
unit[gw6]=bird6
if [[ -v unit[$2] ]]; then
    [[ $3 == MASTER ]] && systemctl start "${unit[$2]}" || systemctl stop "${unit[$2]}"
fi
