"""The keywords of each block, as keepalived's own source installs them.

    python3 keywords.py GIT-DIRECTORY > keywords.tsv

Follows the calls of install_keyword, install_sublevel and their kin in each of TAGS, in
the order in which they are made, through the functions that they are made from. What
depends on how the program was built counts as there. One line for each keyword: the
blocks around it, the keyword, and which releases have it.
"""

import re
import subprocess
import sys

TAGS = ["1.2.13", "1.2.19", "1.3.2", "1.4.5", "2.0.10", "2.1.5", "2.2.7", "2.2.8", "2.3.3", "2.4.3"]
CALL = re.compile(r"\b(install_\w+|\w+_keywords?)\s*\(([^;]*?)\)\s*;")
LITERAL = re.compile(r'"([^"]+)"')


def git(directory, *args):
    """The output of git."""
    done = subprocess.run(["git", "--git-dir", directory, *args], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def functions(directory, tag):
    """Name and body of every function that may install a keyword."""
    found = {}
    names = git(directory, "grep", "-l", "install_", f"v{tag}", "--", "*.c").split()
    for name in names:
        text = git(directory, "show", name)
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        for match in re.finditer(r"^(\w+)\s*\(([^)]*)\)\s*\n\{(.*?)^\}", text, re.M | re.S):
            found[match[1]] = (re.findall(r"(\w+)\s*(?:,|$)", match[2]), match[3])
    return found


def walk(bodies, name, given, state, out):
    """Works off one function, called with these words."""
    names, body = bodies[name]
    if given == ["false"]:
        body = re.sub(r"if \(connection_keywords\) \{.*?\n\t\}", "", body, flags=re.S)
    if given == ['"HTTP_GET"']:
        body = re.sub(r'if \(!strcmp\(keyword, "SSL_GET"\)\)\s*install_keyword[^;]*;', "", body)
    for call, args in CALL.findall(body):
        words = [word.strip() for word in args.split(",")]
        words = [dict(zip(names, given)).get(word, word) for word in words]
        literal = LITERAL.fullmatch(words[0])
        depth = len(state["path"])
        if call == "install_keyword_root":
            state["path"], state["last"] = [], [literal[1]]
            out.add(("", literal[1]))
        elif call.startswith("install_keyword") and literal:
            state["last"][depth + 1 :] = [literal[1]]
            out.add((" ".join(state["last"][: depth + 1]), literal[1]))
        elif call == "install_sublevel":
            state["path"].append(state["last"][-1])
        elif call == "install_sublevel_end":
            state["path"].pop()
            state["last"] = state["last"][: depth + 1]
        elif call in bodies and call not in state["stack"]:
            state["stack"].append(call)
            walk(bodies, call, words, state, out)
            state["stack"].pop()


def keywords(directory, tag):
    """Every pair of path and keyword."""
    bodies = functions(directory, tag)
    out = set()
    for name, (_, body) in bodies.items():
        if "install_keyword_root(\"" in body:
            walk(bodies, name, [], {"path": [], "last": [], "stack": [name]}, out)
    return out


def main():
    """Prints the table."""
    tables = {tag: keywords(sys.argv[1], tag) for tag in TAGS}
    print("\t".join(["block", "keyword", *TAGS]))
    for path, name in sorted(set.union(*tables.values())):
        marks = ["x" if (path, name) in tables[tag] else "." for tag in TAGS]
        print("\t".join([path, name, *marks]))


if __name__ == "__main__":
    main()
