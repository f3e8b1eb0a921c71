# The tree as a transaction would make it, beside the tree that dpkg makes of it.
#
# Packages of this suite are unpacked for real over a copy of the root, and every path of
# either tree is compared: kind, mode, target of a link, checksum; then 3,000 paths in an
# order of their own, as what is read of an archive must not depend on who asks first.
# What scripts make is left out: /var, /run, the initrd and the menu of GRUB, what ends up
# beside a configuration file, and links of alternatives.
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
mkdir "$applied/debs"
cp "$debs"/*.deb "$applied/debs/"
# Twice: what the first pass refuses for the order in which names come, the second takes.
for _ in 1 2; do
    chroot "$applied" sh -c 'dpkg --force-all --no-triggers --unpack /debs/*.deb' >"$work/unpack" 2>&1
done
rm -rf "$applied/debs"
# Some scripts refuse to run in a root of this kind: what dpkg did not take is left out.
for deb in "$debs"/*.deb; do
    wanted=$(dpkg-deb -W --showformat '${Package} ${Version}' "$deb")
    got=$(dpkg-query --admindir "$applied/var/lib/dpkg" -W -f '${Version} ${db:Status-Status}\n' \
        "${wanted% *}" 2>/dev/null)
    echo "$got" | grep -qxF "${wanted#* } unpacked" && echo "install $deb"
done >"$work/plan"

left_out='^/(var|run|proc|sys|dev|tmp|boot/grub)(/| )|^/(boot/)?(initrd|vmlinuz)[^ /]* | will be made by |^/etc/alternatives(/| )|\.dpkg-(new|tmp|dist|bak|remove|old|backup)( |$)'
really "$applied" short | grep -vE "$left_out" | sort >"$work/theirs.all"
"$ask" after "$work/before" "$work/plan" </dev/null | grep -vE "$left_out" | sort >"$work/ours.all"
# dpkg has a configuration file beside its place until it is configured.
sed -n 's/\.dpkg-new$//p' < <(cd "$applied" && find . -xdev -name '*.dpkg-new' | sed 's,^\.,,') |
    sort >"$work/configs"
# What maintainer scripts of an unpacking do: a link of an alternative, a moved file.
without() {
    awk 'NR == FNR { skip[$1] = 1; next } !($1 in skip)' "$work/configs" "$1" |
        grep -v ' link /etc/alternatives/'
}
really "$applied" long | grep -vE "$left_out" | sort >"$work/theirs.long"
without "$work/theirs.all" >"$work/theirs"
without "$work/ours.all" >"$work/ours"
same "the tree after $(wc -l <"$work/plan") archives as dpkg unpacks them" "$work/theirs" "$work/ours"

without "$work/theirs.long" >"$work/theirs.all"
for seed in 1 2 3; do
    cut -d' ' -f1 "$work/ours" "$work/theirs" | sort -u |
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
