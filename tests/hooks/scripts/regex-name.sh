#!/bin/bash
if [[ "$2" =~ ^gw([46])$ ]]; then
    family=${BASH_REMATCH[1]}
    if [[ $3 == MASTER ]]; then
        ip "-$family" route replace default dev eth0
    fi
fi
