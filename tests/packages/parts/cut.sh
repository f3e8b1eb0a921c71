# A power cut in the middle of dpkg: its own audit and journal beside ours.
root tools rpm,pacman-package-manager,makepkg,sqlite3,libarchive-tools
cut=$(copy tools)
mkdir -p "$cut/debs"

# deb NAME: a package with a configuration file and scripts that take their time.
deb() {
    local dir=$work/deb/$1 n
    mkdir -p "$dir/DEBIAN" "$dir/usr/share/cut-$1" "$dir/etc"
    cat >"$dir/DEBIAN/control" <<EOF
Package: cut-$1
Version: $2
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: taken apart by a power cut
EOF
    for script in preinst postinst prerm; do
        printf '#!/bin/sh\nsleep 0.03\nexit 0\n' >"$dir/DEBIAN/$script"
        chmod 755 "$dir/DEBIAN/$script"
    done
    for n in $(seq 20); do echo "$n" >"$dir/usr/share/cut-$1/$n"; done
    echo "$2" >"$dir/etc/cut-$1.conf"
    echo "/etc/cut-$1.conf" >"$dir/DEBIAN/conffiles"
    case $1 in
        t) echo "interest /usr/share/cut-a" >"$dir/DEBIAN/triggers" ;;
        b) echo "activate /usr/share/cut-a" >"$dir/DEBIAN/triggers" ;;
    esac
    dpkg-deb --build -Znone "$dir" "$cut/debs/cut-$1_$2.deb" >/dev/null
}

for version in 1 2; do
    for name in t a b c d e; do deb "$name" "$version"; done
done

theirs() {
    dpkg --root="$cut" --audit | awk '
        /must be reinstalled/ { state = "reinstall" }
        /unpacked but not yet/ { state = "unpacked" }
        /only half configured/ { state = "half-configured" }
        /only half installed/ { state = "half-installed" }
        /awaiting processing/ { state = "triggers-awaited" }
        /have been triggered/ { state = "triggers-pending" }
        /missing the (list|md5sums)/ { state = "" }
        /^ / && state { split($1, n, ":"); print state, n[1] }' | sort
}

rules=packages-half-configured,packages-transaction-interrupted
complains() {
    "$comeback" check --tree full --select "$rules" "$cut" | grep -c '^[a-z]*\[packages-'
}

seen=0
wrong=0
states=
version=1
RANDOM=7
for round in $(seq 28); do
    version=$((3 - version))
    chroot "$cut" setsid sh -c "exec dpkg --force-confnew -i /debs/*_$version.deb" \
        >/dev/null 2>&1 &
    child=$!
    sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.02 + r / 32768 * 1.1 }')"
    pkill -KILL -s "$child" 2>/dev/null || kill -KILL "$child" 2>/dev/null
    # The session is that of setsid, whose id is not the child's where it forked.
    for pid in $(ls /proc | grep '^[0-9]'); do
        [ "$(readlink "/proc/$pid/root" 2>/dev/null)" = "$cut" ] && kill -KILL "$pid"
    done
    wait "$child" 2>/dev/null
    theirs >"$work/theirs"
    "$ask" audit "$cut" >"$work/ours"
    (cd "$cut/var/lib/dpkg/updates" && ls | grep '^[0-9]*$') |
        sed 's,^,/var/lib/dpkg/updates/,' >"$work/their-journal"
    "$ask" journal "$cut" >"$work/our-journal"
    if ! diff "$work/theirs" "$work/ours" >"$work/difference" ||
        ! diff "$work/their-journal" "$work/our-journal" >>"$work/difference"; then
        wrong=$((wrong + 1))
        cat "$work/difference"
    fi
    if [ -s "$work/theirs" ] || [ -s "$work/their-journal" ]; then
        seen=$((seen + 1))
        states="$states $(cut -d' ' -f1 "$work/theirs") $([ -s "$work/their-journal" ] && echo journal)"
        [ "$(complains)" -gt 0 ] || {
            # Triggers alone are nothing that these rules speak of.
            grep -qv triggers "$work/theirs" && wrong=$((wrong + 1)) && cat "$work/theirs"
        }
    fi
    chroot "$cut" dpkg --force-confnew --configure -a >/dev/null 2>&1
    # What was cut off while it was unpacked is unpacked again.
    chroot "$cut" sh -c "dpkg --force-confnew -i /debs/*_$version.deb" >/dev/null 2>&1
    if [ -n "$("$ask" audit "$cut")$("$ask" journal "$cut")" ] || [ "$(complains)" -gt 0 ]; then
        wrong=$((wrong + 1))
        echo "not silent after the repair"
    fi
done
kinds=$(echo "$states" | tr ' ' '\n' | grep . | sort | uniq -c | awk '{ print $2 ": " $1 }' | paste -sd,)
if [ "$wrong" = 0 ] && [ "$seen" -ge 20 ]; then
    pass "28 power cuts, $seen of them in the middle ($kinds)"
else
    fail "28 power cuts, $seen in the middle, $wrong told wrongly ($kinds)"
fi
