#!/bin/bash
names=(gw4 gw6)
for name in "${names[@]}"; do
    if [[ $name == "$2" && $3 == MASTER ]]; then
        ip route replace default via 192.0.2.1
        break
    fi
done
