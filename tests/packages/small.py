"""Transactions of small packages, made up at random: the tree that dpkg makes of each,
beside the tree that the overlay shows before.

    small.py WORK ASK SEED...    one transaction for each seed; a line for each difference

Roots have a merged /usr, and everything that dpkg decides path by path: files, links and
directories that take each other's place, hard links, configuration that was changed or
taken away, replaced files, diversions, overrides of mode and owner, purges, and archives
that are known by their checksums alone. What dpkg refuses is left out, and counted.
"""

import hashlib
import os
import random
import shutil
import stat
import subprocess
import sys

DIRS = ["/usr/lib/a", "/lib/a", "/usr/lib/a/b", "/usr/libexec", "/usr/lib", "/opt/x/y"]
# Where one package alone has something, as the C library has: it is never taken away.
ALONE = "pa"
ALONE_DIRS = ["/lib64", "/lib64/m"]
NAMES = ["one", "two", "three", "four", "lib.so", "lib.so.1"]
CONFIGS = ["/etc/one.conf", "/etc/two.conf", "/etc/d/three.conf", "/etc/d/four.conf"]
SKIPPED = (".dpkg-dist", ".dpkg-old", ".dpkg-new", ".dpkg-tmp")


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "LC_ALL": "C"}, check=False, **more)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)


class Round:
    """One transaction."""

    def __init__(self, work, ask, seed):
        self.dice = random.Random(seed)
        self.ask = ask
        self.seed = seed
        self.top = os.path.join(work, "small.%s" % seed)
        self.root = os.path.join(self.top, "root")
        self.made = 0
        # Names of one file in a large archive: which names it has is not known without
        # reading it, so that an override of one of them is not seen at the others.
        self.loose = set()

    def some(self, of, most):
        return self.dice.sample(of, self.dice.randint(0, min(most, len(of))))

    def chance(self, percent):
        return self.dice.randrange(100) < percent

    def path(self, name=None):
        dirs = DIRS + ALONE_DIRS * 2 if name == ALONE else DIRS
        return self.dice.choice(dirs) + "/" + self.dice.choice(NAMES)

    def deb(self, name, version):
        """An archive of that name; its file."""
        dice = self.dice
        self.made += 1
        tree = os.path.join(self.top, "deb%d" % self.made)
        files, configs, others = [], [], []
        large = self.chance(60)
        for _ in range(dice.randint(1, 7)):
            path = self.path(name)
            at = tree + path
            kind = dice.choice(["file", "file", "file", "link", "dir", "hard"])
            # Only files are diverted.
            if path.endswith("/one"):
                kind = "file"
            # A link of a large archive is not looked for where something else stands.
            if large and kind in ("dir", "link"):
                path, at = path + "-" + name, at + "-" + name
            parent = os.path.dirname(at)
            if os.path.lexists(at):
                continue
            if any(os.path.lexists(up) and not os.path.isdir(up) for up in above(parent, tree)):
                continue
            os.makedirs(parent, exist_ok=True)
            if kind in ("dir", "link"):
                others.append(parent)
            if kind == "dir":
                os.makedirs(at)
            elif kind == "link":
                os.symlink(dice.choice(NAMES + ["b", "../a", "nowhere"]), at)
            elif kind == "hard":
                # Both names are its own: where another package keeps the first, dpkg links
                # to that one's file, which nobody has met outside of here.
                path, at = path + "-" + name, at + "-" + name
                other = path + ".first"
                if os.path.lexists(at) or os.path.lexists(tree + other):
                    continue
                write(tree + other, "%s %s %s\n" % (name, version, other),
                      dice.choice([0o644, 0o755, 0o4755]))
                os.link(tree + other, at)
                files += [other, path]
                if large:
                    self.loose |= {merged(path), merged(other)}
            else:
                write(at, "%s %s %s\n" % (name, version, path), dice.choice([0o644, 0o755, 0o4755]))
                files.append(path)
        for path in self.some(CONFIGS, 2):
            write(tree + path, "%s %s\n" % (path, dice.choice(["a", "b", version])))
            configs.append(path)
        if large:
            # Too large to be read at once: what is in it is known by its checksums. A link
            # or a directory is found where a file of the same archive is beside it.
            for parent in others:
                beside = parent + "/beside-" + name
                write(beside, name)
                files.append(beside[len(tree):])
            write(tree + "/usr/lib/%s.padding" % name, "".join(
                dice.choice("abcdefgh") for _ in range(70000)))
            files.append("/usr/lib/%s.padding" % name)
        control = "Package: %s\nVersion: %s\nArchitecture: all\nDescription: made up\n" % (name, version)
        control += "Maintainer: nobody <nobody@example.org>\n"
        replaces = self.some([n for n in PACKAGES if n != name], 2)
        if replaces:
            control += "Replaces: %s\n" % ", ".join(
                n + dice.choice(["", " (<< 2)", " (>= 2)"]) for n in replaces)
        write(tree + "/DEBIAN/control", control)
        if configs:
            write(tree + "/DEBIAN/conffiles", "".join(path + "\n" for path in configs))
        # Of some archives the checksums are missing; then they are read.
        if self.chance(80) and files:
            write(tree + "/DEBIAN/md5sums", "".join(
                "%s  %s\n" % (digest(tree + path), path[1:]) for path in files))
        out = os.path.join(self.top, "%s_%s_%d.deb" % (name, version, self.made))
        built = run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, out)
        if built.returncode != 0:
            raise RuntimeError(built.stdout.decode())
        return out

    def dpkg(self, root, *words):
        # Files of others are replaced where both say so, and where nobody does.
        return run("dpkg", "--root=" + root, "--force-confdef", "--force-confold",
                   "--force-unsafe-io", "--force-not-root", *words)

    def begin(self):
        for path in ["usr/lib", "usr/lib64", "usr/bin", "etc", "var/lib/dpkg/info",
                     "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "usr/libexec",
                     "srv/elsewhere"]:
            os.makedirs(os.path.join(self.root, path))
        os.symlink("usr/lib", self.root + "/lib")
        # As Debian's, which only the C library has something in, and so its name.
        os.symlink("usr/lib64", self.root + "/lib64")
        write(self.root + "/var/lib/dpkg/status", "")
        write(self.root + "/var/lib/dpkg/available", "")
        write(self.root + "/etc/passwd", "root:x:0:0::/:/bin/sh\nsomebody:x:77:78::/:/bin/sh\n")
        write(self.root + "/etc/group", "root:x:0:\nsomegroup:x:78:\n")
        # What every root has a package for.
        tree = self.top + "/base"
        for path in ["usr/lib", "usr/lib64", "lib", "etc", "usr/bin", "usr/libexec", "var", "srv", "DEBIAN"]:
            os.makedirs(os.path.join(tree, path))
        write(tree + "/DEBIAN/control", "Package: base\nVersion: 1\nArchitecture: all\n"
              "Maintainer: nobody <nobody@example.org>\nDescription: the directories\n")
        run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, tree + ".deb")
        self.dpkg(self.root, "-i", tree + ".deb")
        for name in self.some(PACKAGES, 4):
            self.dpkg(self.root, "-i", self.deb(name, "1"))

    def administer(self):
        """What somebody did in between."""
        dice = self.dice
        for path in self.some(CONFIGS, 2):
            at = self.root + path
            if os.path.isfile(at):
                if self.chance(60):
                    write(at, "mine\n", 0o600)
                else:
                    os.remove(at)
        for _ in range(dice.randint(0, 2)):
            at = self.root + self.path()
            parent = os.path.dirname(at)
            if not os.path.lexists(at) and (os.path.isdir(parent) or not os.path.lexists(parent)):
                try:
                    write(at, "somebody's\n")
                except NotADirectoryError:
                    pass
        if self.chance(20):
            # A directory that is moved to another disk.
            at = self.root + "/usr/libexec"
            if os.path.isdir(at) and not os.path.islink(at):
                shutil.move(at, self.root + "/srv/elsewhere/moved")
                # dpkg --root would follow an absolute link into the machine's own root.
                os.symlink("../srv/elsewhere/moved", at)
        if self.chance(40):
            path = dice.choice([self.path(), dice.choice(CONFIGS)])
            mode = dice.choice(["0750", "2711"])
            # dpkg goes by the name that a package ships; the overlay by where that is.
            for name in {path, merged(path), path.replace("/usr/lib/", "/lib/")}:
                run("dpkg-statoverride", "--root=" + self.root, "--force-statoverride-add",
                    "--update", "--add", "#77", "#78", mode, name)
        for _ in range(dice.randint(0, 1)):
            path = dice.choice(DIRS) + "/one"
            whose = ["--local"] if self.chance(40) else ["--package", dice.choice(PACKAGES)]
            run("dpkg-divert", "--root=" + self.root, *whose, "--rename", "--divert",
                path + ".diverted", "--add", path)

    def plan(self):
        """Steps; installed packages that go, and archives that come."""
        status = run("dpkg-query", "--admindir=" + self.root + "/var/lib/dpkg", "-W",
                     "-f", "${Package} ${db:Status-Status}\n").stdout.decode().split("\n")
        there = [line.split()[0] for line in status if line.endswith(" installed")]
        there = [name for name in there if name in PACKAGES]
        going = self.some([name for name in there if name != ALONE], 2)
        coming = [n for n in self.some(PACKAGES, 3) if n not in going]
        self.dice.shuffle(coming)
        steps = [(self.dice.choice(["remove", "purge"]), name) for name in going]
        return steps + [("install", self.deb(name, "2")) for name in coming]

    def really(self, root):
        lines = {}
        for top, dirs, files in os.walk(root):
            for name in dirs + files:
                at = os.path.join(top, name)
                path = at[len(root):]
                if not path.startswith("/var") and not path.endswith(SKIPPED):
                    lines[path] = shown(at)
        return lines

    def shows(self, asked):
        said = run(self.ask, "after", "--owners", self.root, self.top + "/plan",
                   input="".join(path + "\n" for path in asked).encode())
        lines = {}
        for line in said.stdout.decode().splitlines():
            path, _, rest = line.partition(" ")
            if not path.startswith("/var") and not path.endswith(SKIPPED):
                lines[path] = rest
        return lines

    def judge(self):
        """What is wrong; none where dpkg refused."""
        self.begin()
        self.administer()
        steps = self.plan()
        if not steps:
            return None
        write(self.top + "/plan", "".join("%s %s\n" % step for step in steps))
        real = os.path.join(self.top, "real")
        shutil.copytree(self.root, real, symlinks=True)
        keep_owners(self.root, real)
        for verb in ("remove", "purge"):
            names = [name for how, name in steps if how == verb]
            if names and self.dpkg(real, "--" + verb, *names).returncode != 0:
                return None
        archives = [name for how, name in steps if how == "install"]
        if archives:
            done = self.dpkg(real, "-i", *archives)
            if done.returncode != 0:
                return None
        theirs = self.really(real)
        asked = sorted(set(theirs) | set(self.really(self.root)) | {
            d + "/" + n for d in DIRS + ALONE_DIRS for n in NAMES})
        self.dice.shuffle(asked)
        # Names that lead through a link are others of the same.
        asked = [path for path in asked if not through_link(real, path)
                 and not through_link(self.root, path)]
        wrong = []
        ours = self.shows(asked)
        for path in asked:
            want, got = theirs.get(path, "absent"), ours.get(path, "nothing")
            if path in self.loose and want.startswith("file ") and got.startswith("file "):
                want, got = want.split()[-1], got.split()[-1]
            if want != got:
                wrong.append("%s: dpkg: %s; overlay: %s" % (path, want, got))
        listed = self.shows([])
        for path in sorted(set(listed) ^ set(theirs)):
            wrong.append("%s: %s" % (path, "dpkg alone has it" if path in theirs else "the overlay alone has it"))
        return wrong


PACKAGES = ["pa", "pb", "pc", "pd", "pe"]


def above(path, top):
    while len(path) > len(top):
        yield path
        path = os.path.dirname(path)


def through_link(root, path):
    parts = path.strip("/").split("/")
    return any(os.path.islink(os.path.join(root, *parts[:n])) for n in range(1, len(parts)))


def merged(path):
    return "/usr" + path if path.startswith(("/lib/", "/lib64/")) else path


def keep_owners(old, new):
    for top, dirs, files in os.walk(old):
        for name in dirs + files:
            at = os.path.join(top, name)
            meta = os.lstat(at)
            to = new + at[len(old):]
            os.lchown(to, meta.st_uid, meta.st_gid)
            if not stat.S_ISLNK(meta.st_mode):
                os.chmod(to, stat.S_IMODE(meta.st_mode))


def digest(path):
    with open(path, "rb") as file:
        return hashlib.md5(file.read()).hexdigest()


def shown(at):
    meta = os.lstat(at)
    if stat.S_ISLNK(meta.st_mode):
        return "link " + os.readlink(at)
    if stat.S_ISDIR(meta.st_mode):
        return "a directory"
    return "file %o %d:%d %s" % (stat.S_IMODE(meta.st_mode), meta.st_uid, meta.st_gid, digest(at))


def main():
    work, ask, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    os.umask(0o022)
    judged = refused = failed = 0
    for seed in range(first, last):
        one = Round(work, ask, seed)
        os.makedirs(one.top)
        wrong = one.judge()
        if wrong is None:
            refused += 1
        else:
            judged += 1
        if wrong:
            failed += 1
            for line in wrong:
                print("seed %d: %s" % (seed, line))
        if not wrong or "--keep" not in sys.argv:
            shutil.rmtree(one.top)
    print("%d judged, %d refused by dpkg, %d wrong" % (judged, refused, failed))
    sys.exit(1 if failed else 0)


main()
