# Ownership, states and checksums beside dpkg's own words.
root tools rpm,pacman-package-manager,makepkg,sqlite3,libarchive-tools
changed=$(copy tools)
dpkg="dpkg --root=$changed"

# 1,000 paths: of the lists, of the disk, and such as nobody has.
{
    cat "$changed"/var/lib/dpkg/info/*.list | shuf -n 800 --random-source=<(yes 1)
    (cd "$changed" && find . -xdev -path ./proc -prune -o -print | sed 's,^\.,,' |
        grep -v '[*?[\\]' | shuf -n 450 --random-source=<(yes 2))
    for n in $(seq 50); do echo "/nowhere/$n"; done
} | grep -v '^\(\|\/\.\)$' | sort -u >"$work/paths"
while read -r path; do
    owners=$($dpkg -S "$path" 2>/dev/null | grep -v '^diversion by' | grep -F ": $path" |
        sed 's/: .*//; s/, /\n/g' | sort | paste -sd,)
    echo "$path $owners"
done <"$work/paths" >"$work/theirs"
"$ask" owners "$changed" <"$work/paths" >"$work/ours"
same "owners as dpkg -S" "$work/theirs" "$work/ours"

$dpkg -l '*' 2>/dev/null | awk 'NR > 5 && $2 { split($2, n, ":"); print n[1], $3 }' |
    grep -v '<none>' | sort >"$work/theirs"
"$ask" state "$changed" | awk '$1 == "dpkg" { print $2, $3 }' | sort >"$work/ours"
same "packages and versions as dpkg -l" "$work/theirs" "$work/ours"

# Broken in every way that dpkg --verify sees.
list() { cat "$changed/var/lib/dpkg/info/$1.list"; }
rm "$changed/$(list coreutils | grep /bin/cat)"
echo changed >>"$changed/$(list bash | grep '/bin/bash$')"
echo changed >>"$changed/etc/bash.bashrc"
rm "$changed/etc/pam.conf"
rm "$changed/usr/lib/os-release"
$dpkg --verify | sed 's/^missing  *[c ]* */missing /; s/^??5[^ ]*  *c* */changed /' |
    sort >"$work/theirs"
"$ask" verify "$changed" >"$work/ours"
same "changed files as dpkg --verify" "$work/theirs" "$work/ours"
