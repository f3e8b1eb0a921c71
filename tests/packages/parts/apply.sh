# The tree as a transaction would make it, beside the tree that dpkg makes of it.
#
# Packages of this suite are unpacked for real over a copy of the root, and every path of
# either tree is compared: kind, mode, target of a link, checksum; then 3,000 paths in an
# order of their own, as what is read of an archive must not depend on who asks first.
# What scripts make is left out: /var, /run, the initrd and the menu of GRUB, what ends up
# beside a configuration file, what they divert, and links of alternatives.
root hook systemd-sysv,linux-image-cloud-amd64,initramfs-tools,grub-pc,ifupdown,openssh-server,keepalived,libpam-systemd,dbus,e2fsprogs

# fetch ROOT SUITE APT...: the archives of such a call, in $debs.
fetch() {
    local at=$store/$1.fetch
    debs=$store/$1.debs
    [ -e "$debs/.ready" ] && return
    rm -rf --one-file-system "${at:?}" "${debs:?}"
    cp -a --reflink=auto "$store/$1" "$at"
    cp /etc/resolv.conf "$at/etc/resolv.conf"
    sed -i "s/$suite/$2/g" "$at/etc/apt/sources.list"
    shift 2
    chroot "$at" sh -c "apt-get -q update && DEBIAN_FRONTEND=noninteractive \
        apt-get -y -q --download-only $*" >"$work/fetch" 2>&1 || skip "no archives to be had"
    mkdir -p "$debs"
    mv "$at"/var/cache/apt/archives/*.deb "$debs"
    rm -rf --one-file-system "$at"
    touch "$debs/.ready"
}

# really ROOT short|long: what stands there now, in the same words; in short those that are
# read for their names alone.
really() {
    python3 - "$1" "$2" <<'PY'
import hashlib, os, stat, sys
root = sys.argv[1]
kinds = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket",
         stat.S_IFCHR: "a character device", stat.S_IFBLK: "a block device"}
for top, dirs, files in os.walk(root):
    for name in sorted(dirs + files):
        at = os.path.join(top, name)
        path = at[len(root):]
        meta = os.lstat(at)
        if stat.S_ISLNK(meta.st_mode):
            print(path, "link", os.readlink(at))
        elif stat.S_ISDIR(meta.st_mode):
            print(path, "a directory")
        elif stat.S_ISREG(meta.st_mode) and sys.argv[2] == "short" and path.startswith(
                ("/usr/share/", "/usr/lib/modules/")):
            print(path, "file")
        elif stat.S_ISREG(meta.st_mode):
            with open(at, "rb") as file:
                digest = hashlib.md5(file.read()).hexdigest()
            print(path, "file", "%o" % stat.S_IMODE(meta.st_mode), digest)
        else:
            print(path, kinds[stat.S_IFMT(meta.st_mode)])
PY
}

fetch hook trixie dist-upgrade
applied=$(copy hook)
cp -a --reflink=auto "$applied" "$work/before"
# The machine's own dpkg, as that of the root is replaced meanwhile; scripts run in the
# root. Never --force-all here: it has scripts run without a chroot.
forced=overwrite,overwrite-diverted,overwrite-dir,depends,depends-version,breaks,conflicts
forced=$forced,downgrade,unsafe-io,remove-protected,remove-essential
# What runs the scripts comes first, the C library before everything that needs the new one.
for name in gcc-14-base libc6 libcrypt1 libgcc-s1 libpcre2-8-0 libselinux1 libacl1 zlib1g \
    libzstd1 liblzma5 libbz2-1.0 libmd0 libssl3t64 perl-base systemd ''; do
    ls "$debs/${name:+${name}_}"*.deb
done 2>/dev/null | awk '!seen[$0]++' >"$work/order"
mapfile -t order <"$work/order"
dpkg --root="$applied" --log=/dev/null --force-"$forced" --abort-after=10000 --no-triggers \
    --unpack "${order[@]}" >"$work/unpack" 2>&1
for deb in "${order[@]}"; do
    wanted=$(dpkg-deb -W --showformat '${Package} ${Version}' "$deb")
    dpkg-query --admindir "$applied/var/lib/dpkg" -W -f '${Version} ${db:Status-Status}\n' \
        "${wanted% *}" 2>/dev/null | grep -qxF "${wanted#* } unpacked" && echo "install $deb"
done >"$work/plan"
# apt has the libraries of another name go that these take the place of.
for deb in "$debs"/*t64_*.deb; do
    dpkg --root="$applied" --log=/dev/null --force-"$forced" --no-triggers \
        --remove "$(basename "${deb%%t64_*}")" >>"$work/unpack" 2>&1
done
# there ROOT: the packages that are there, half configured or not.
there() {
    dpkg-query --admindir "$1/var/lib/dpkg" -W -f '${Package} ${db:Status-Status}\n' |
        grep -vE ' (not-installed|config-files)$' | cut -d' ' -f1 | sort -u
}
comm -23 <(there "$work/before") <(there "$applied") | sed 's/^/remove /' >"$work/removed"
cat "$work/removed" >>"$work/plan"
unpacked=$(grep -c ^install "$work/plan")
if [ "$unpacked" -ge $((${#order[@]} - 2)) ]; then
    pass "dpkg unpacked $unpacked of ${#order[@]} archives and removed $(wc -l <"$work/removed") packages"
else
    fail "dpkg unpacked $unpacked of ${#order[@]} archives" "$(grep -A1 'error processing' "$work/unpack")"
fi

left_out='^/(var|run|proc|sys|dev|tmp|boot/grub)(/| )|^/(boot/)?(initrd|vmlinuz)[^ /]* | will be made by |^/etc/alternatives(/| )|\.dpkg-(new|tmp|dist|bak|remove|old|backup)( |$)'
really "$applied" short | grep -vE "$left_out" | sort >"$work/theirs.all"
"$ask" after "$work/before" "$work/plan" </dev/null | grep -vE "$left_out" | sort >"$work/ours.all"
# dpkg has a configuration file beside its place until it is configured. What maintainer
# scripts of an unpacking do: a link of an alternative, configuration that is given up, what
# they divert, a mark.
{
    (cd "$applied" && find . -xdev -name '*.dpkg-*') | sed -nE 's,^\.(.*)\.dpkg-(new|remove|backup)$,\1,p'
    diff "$work/before/var/lib/dpkg/diversions" "$applied/var/lib/dpkg/diversions" | sed -n 's,^> /,/,p'
    (cd "$applied" && find . -xdev -name .fresh-install) | sed 's,^\.,,'
    echo /etc/ld.so.cache
} | sort -u >"$work/configs"
without() {
    awk 'NR == FNR { skip[$1] = 1; next } !($1 in skip)' "$work/configs" "$1" |
        grep -v ' link /etc/alternatives/'
}
really "$applied" long | grep -vE "$left_out" | sort >"$work/theirs.long"
without "$work/theirs.all" >"$work/theirs"
without "$work/ours.all" >"$work/ours"
# Links and empty directories of large archives may be where nothing tells of them.
unseen='^/usr/share/|^/usr/lib/x86_64-linux-gnu/perl/| a directory$'
comm -23 "$work/theirs" "$work/ours" | grep -E "$unseen" >"$work/unseen"
comm -23 "$work/theirs" "$work/unseen" >"$work/seen"
same "the tree after $unpacked archives as dpkg unpacks them" "$work/seen" "$work/ours"
if [ "$(wc -l <"$work/unseen")" -le 40 ]; then
    pass "links and empty directories that nothing tells of: $(wc -l <"$work/unseen")"
else
    fail "links and empty directories that nothing tells of" "$(cat "$work/unseen")"
fi

without "$work/theirs.long" >"$work/theirs.all"
for seed in 1 2 3; do
    cut -d' ' -f1 "$work/ours" "$work/seen" | sort -u |
        grep -v ^/usr/lib/modules/ | shuf -n 1000 --random-source=<(yes "$seed") >"$work/paths"
    "$ask" after "$work/before" "$work/plan" <"$work/paths" | sort >"$work/said"
    # What is made while packages are configured has nothing to be compared with yet.
    grep -v ' will be made by ' "$work/said" >"$work/ours.some"
    cut -d' ' -f1 "$work/ours.some" >"$work/paths"
    awk 'NR == FNR { line[$1] = $0; next } { print ($1 in line) ? line[$1] : $1 " absent" }' \
        "$work/theirs.all" "$work/paths" | sort >"$work/theirs.some"
    same "1,000 paths in another order, $seed" "$work/theirs.some" "$work/ours.some"
done
rm -rf --one-file-system "$work/before" "$applied"

# The same with archives made up at random: everything that dpkg decides path by path.
said=$(python3 "$here/tests/packages/small.py" "$work" "$ask" 1 "${COMEBACK_ROUNDS:-120}")
if [ $? = 0 ]; then pass "small archives: $said"; else fail "small archives" "$said"; fi
