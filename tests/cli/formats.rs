//! Reports for other programs: each read back as its consumer reads it, and none that a
//! hostile tree can break out of.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use super::support::{Call, NOW, PROGRAM, Root, Run, blocked, healthy, undecided};

/// Every format of `check`.
const FORMATS: [&str; 11] = [
    "text",
    "brief",
    "json",
    "jsonl",
    "sarif",
    "github",
    "gitlab",
    "junit",
    "nagios",
    "prometheus",
    "html",
];

/// What would end, begin or inject something in one format or another.
const HOSTILE: &str = "a\"'><script>alert(1)<\\script><!--]]>&amp;{0}[x](1)|`id`$(id);%0A::error::x\
    \n::stop-commands::y\r\n##[add-path]z\u{202e}\u{1b}[2J\t# TYPE x counter";

/// Three hosts, one of them with a hostile name and hostile files.
fn estate() -> Root {
    let root = Root::new();
    let jobs = format!(
        "15 3 * * * root /sbin/reboot {}\n",
        HOSTILE.replace(['\n', '\r'], " ")
    );
    for host in [HOSTILE, "plain"] {
        let at = |path: &str| Path::new("hosts").join(host).join(path);
        root.file(at("etc/cron.d/job"), &jobs);
        root.file(at("etc/fstab"), "/dev/sda1 / ext4 defaults 0 1\n");
        root.file(at("etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
        root.file(
            at("etc/os-release"),
            format!("PRETTY_NAME=\"{}\"\n", HOSTILE.replace(['\n', '"'], " ")),
        );
        root.file(
            at("etc/keepalived/keepalived.conf"),
            format!(
                "vrrp_instance {} {{\n  virtual_router_id nonsense\n}}\n",
                HOSTILE.replace(char::is_whitespace, "_")
            ),
        );
    }
    let config = "hosts/fifo/etc/keepalived/keepalived.conf";
    root.file("hosts/fifo/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    root.fifo(config);
    root
}

fn report(root: &Root, format: &str, more: &[&str]) -> Run {
    let mut args = vec![
        "check", "--hosts", "hosts/*", "--now", NOW, "--format", format,
    ];
    args.extend(more);
    Call::new(args).within(root.path()).run()
}

#[test]
fn no_format_lets_a_control_character_or_a_reordering_one_through() {
    let root = estate();
    let mut exits = BTreeSet::new();
    for format in FORMATS {
        let run = report(&root, format, &[]);
        exits.insert(run.code);
        let odd = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
        assert_eq!(run.stdout.chars().find(odd), None, "{format}");
        assert!(run.stdout.len() > 40, "{format}: {}", run.stdout);
        assert_eq!(run.stderr, "", "{format}");
    }
    // The format never decides.
    assert_eq!(exits.into_iter().collect::<Vec<_>>(), [1]);
}

fn sarif_schema() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/sarif-2.1.0.schema.json");
    let text = std::fs::read_to_string(path).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    // The pattern of a language has a bracket too many; no language is named.
    for definition in ["run", "toolComponent"] {
        let language = schema["definitions"][definition]["properties"]["language"].as_object_mut();
        assert!(language.unwrap().remove("pattern").is_some());
    }
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn sarif_obeys_its_schema_with_one_run_and_every_rule_that_ran() {
    let schema = sarif_schema();
    let mut logs = vec![report(&estate(), "sarif", &[]).json()];
    for root in [healthy(), blocked(), undecided()] {
        logs.push(root.check(&["--format", "sarif"]).json());
        logs.push(root.check(&["--format", "sarif", "--audit"]).json());
    }
    let plain = Regex::new("^[A-Za-z0-9._~/:%-]+$").unwrap();
    for log in &logs {
        let complaints: Vec<String> = schema
            .iter_errors(log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
        let [run] = log["runs"].as_array().unwrap().as_slice() else {
            panic!("one run");
        };
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(rules.len() > 40, "{}", rules.len());
        let mut fingerprints = BTreeSet::new();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let print = &result["partialFingerprints"]["comeback/subject/v1"];
            assert!(fingerprints.insert(print.to_string()), "{print}");
            let place = &result["locations"][0]["physicalLocation"];
            assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(plain.is_match(uri), "{uri}");
        }
    }
    // A placeholder or a link in a message would be the reader's, not the tree's.
    let run = &logs[0]["runs"][0];
    let notes = &run["invocations"][0]["toolExecutionNotifications"];
    let said = [&run["results"], notes].map(|list| list.as_array().unwrap());
    let texts = said.into_iter().flatten();
    let texts: Vec<&str> = texts
        .map(|m| m["message"]["text"].as_str().unwrap())
        .collect();
    let live = Regex::new(r"(^|[^{])\{0\}|(^|[^\\])\]\(1\)").unwrap();
    assert!(texts.iter().any(|text| text.contains("{{0}}")));
    assert!(!texts.iter().any(|text| live.is_match(text)), "{texts:#?}");
}

#[test]
fn paths_in_sarif_are_relative_in_a_repository_and_absolute_elsewhere() {
    let places = |log: &Value| -> Vec<(String, bool)> {
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let of = |result: &Value| {
            let artifact = &result["locations"][0]["physicalLocation"]["artifactLocation"];
            let uri = artifact["uri"].as_str().unwrap().to_owned();
            (uri, artifact["uriBaseId"] == "%SRCROOT%")
        };
        results.iter().map(of).collect()
    };
    let relative = places(&report(&estate(), "sarif", &[]).json());
    assert!(!relative.is_empty());
    let below = |(uri, based): &(String, bool)| uri.starts_with("hosts/") && *based;
    assert!(relative.iter().all(below), "{relative:?}");
    let root = blocked();
    let absolute = places(&root.check(&["--format", "sarif"]).json());
    let start = format!("file://{}", root.path().display());
    let inside = |(uri, based): &(String, bool)| uri.starts_with(&start) && !based;
    assert!(absolute.iter().all(inside), "{absolute:?}");
    // The same tree named from inside it.
    let args = ["check", ".", "--now", NOW, "--format", "sarif"];
    let run = Call::new(args).within(root.path()).run();
    let here = places(&run.json());
    let bare = |(uri, based): &(String, bool)| !uri.starts_with(['/', '.']) && *based;
    assert!(here.iter().all(bare), "{here:?}");
}

#[test]
fn fingerprints_do_not_change_when_lines_move() {
    let prints = |root: &Root| -> Vec<String> {
        let sarif = report(root, "sarif", &[]).json();
        let results = sarif["runs"][0]["results"].as_array().unwrap().clone();
        let of = |r: &Value| r["partialFingerprints"]["comeback/subject/v1"].to_string();
        let gitlab = report(root, "gitlab", &[]).json();
        let entries = gitlab.as_array().unwrap().clone();
        let entries = entries.iter().map(|e| e["fingerprint"].to_string());
        let mut all: Vec<String> = results.iter().map(of).chain(entries).collect();
        all.sort();
        all
    };
    let root = estate();
    let before = prints(&root);
    let path = root.at("hosts/plain/etc/cron.d/job");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("# one\n# two\n\n{text}")).unwrap();
    assert_eq!(prints(&root), before);
    assert!(before.len() > 4);
}

/// A line as the runner of GitHub takes it: command, properties, text.
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let rest = line.strip_prefix("::").unwrap();
    let (head, text) = rest.split_once("::").unwrap();
    let (name, properties) = head.split_once(' ').unwrap();
    let unescape = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",");
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%25", "%")
    };
    let properties = properties.split(',').map(|pair| {
        let (key, value) = pair.split_once('=').unwrap();
        (key.to_owned(), unescape(value))
    });
    (name.to_owned(), properties.collect(), unescape(text))
}

#[test]
fn every_line_for_github_is_one_of_three_commands_or_begins_with_our_name() {
    let run = report(&estate(), "github", &[]).ends(1);
    let mut commands = 0;
    let mut graver = 3;
    for line in run.stdout.lines() {
        assert!(!line.contains("##["), "{line}");
        if line.starts_with("comeback: ") {
            continue;
        }
        let (name, properties, text) = command(line);
        let rank = ["notice", "warning", "error"]
            .iter()
            .position(|n| *n == name);
        let rank = rank.unwrap_or_else(|| panic!("{line}"));
        assert!(rank <= graver, "the gravest come first");
        graver = rank;
        let keys: Vec<&str> = properties.iter().map(|(key, _)| key.as_str()).collect();
        let known = ["file", "line", "endLine", "col", "endColumn", "title"];
        assert!(keys.iter().all(|key| known.contains(key)), "{keys:?}");
        assert!(!text.is_empty());
        commands += 1;
    }
    assert!(commands > 3);
    let hosts = run.stdout.lines().filter(|l| l.starts_with("comeback: "));
    assert_eq!(hosts.count(), 3);
}

#[test]
fn gitlab_gets_an_array_of_entries_with_unique_fingerprints() {
    let run = report(&estate(), "gitlab", &[]).ends(1);
    let mut seen = BTreeSet::new();
    for entry in run.json().as_array().unwrap() {
        let severity = entry["severity"].as_str().unwrap();
        let known = ["info", "minor", "major", "critical", "blocker"];
        assert!(known.contains(&severity), "{severity}");
        for key in ["description", "check_name", "fingerprint"] {
            assert!(!entry[key].as_str().unwrap().is_empty(), "{key}");
        }
        assert!(seen.insert(entry["fingerprint"].to_string()), "{entry}");
        let path = entry["location"]["path"].as_str().unwrap();
        assert!(path.starts_with("hosts/"), "{path}");
        assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() > 0);
    }
    let clear = healthy().check(&["--format", "gitlab"]).ends(0).json();
    assert!(!clear.to_string().contains("blocker"));
}

/// Suites as name, failures and errors, after checking the counts.
fn suites(text: &str) -> Vec<(String, u64, u64)> {
    let document = roxmltree::Document::parse(text).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let number = |node: roxmltree::Node<'_, '_>, key: &str| -> u64 {
        node.attribute(key).unwrap().parse().unwrap()
    };
    let suites = root.children().filter(roxmltree::Node::is_element);
    let suites = suites.map(|suite| {
        assert_eq!(suite.tag_name().name(), "testsuite");
        let with = |tag: &str| {
            let cases = suite.children().filter(roxmltree::Node::is_element);
            let with = cases.filter(|case| case.children().any(|c| c.has_tag_name(tag)));
            u64::try_from(with.count()).unwrap()
        };
        assert_eq!(number(suite, "failures"), with("failure"));
        assert_eq!(number(suite, "errors"), with("error"));
        assert_eq!(number(suite, "skipped"), with("skipped"));
        let name = suite.attribute("name").unwrap().to_owned();
        (name, number(suite, "failures"), number(suite, "errors"))
    });
    suites.collect()
}

#[test]
fn a_junit_suite_is_green_exactly_where_the_host_is_clear() {
    let hosts = suites(&report(&estate(), "junit", &[]).ends(1).stdout);
    assert_eq!(hosts.len(), 3);
    assert!(
        hosts
            .iter()
            .all(|(_, failures, errors)| failures + errors > 0)
    );
    for (root, exit) in [(healthy(), 0), (blocked(), 1), (undecided(), 4)] {
        let run = root.check(&["--format", "junit"]).ends(exit);
        let [(_, failures, errors)] = suites(&run.stdout).try_into().unwrap();
        assert_eq!((failures > 0, errors > 0), (exit == 1, exit == 4), "{exit}");
    }
    // With another failing level another case fails.
    let root = healthy();
    root.file("etc/cron.d/night", "15 3 * * * root /sbin/reboot\n");
    let args = ["--format", "junit", "--fail-on", "note"];
    let run = root.check(&args).ends(1);
    let [(_, failures, _)] = suites(&run.stdout).try_into().unwrap();
    assert!(failures > 0);
}

#[test]
fn nagios_gets_one_line_whose_text_cannot_reach_its_numbers_or_a_shell() {
    let shape = Regex::new(
        r"^COMEBACK (OK|WARNING|CRITICAL|UNKNOWN) - ([^|`$&<>';\n]+) \| blockers=(\d+);;0;0 warnings=(\d+);0;;0 undecided=\d+;;;0( next_reboot=\d+s;;;0)?\n$",
    )
    .unwrap();
    let state = |run: &Run| {
        let captures = shape.captures(&run.stdout);
        captures.unwrap_or_else(|| panic!("{}", run.stdout))[1].to_owned()
    };
    assert_eq!(state(&report(&estate(), "nagios", &[])), "CRITICAL");
    for (root, expected) in [(blocked(), "CRITICAL"), (undecided(), "UNKNOWN")] {
        assert_eq!(state(&root.check(&["--format", "nagios"])), expected);
    }
    let quiet = healthy();
    quiet.remove("etc/keepalived/keepalived.conf");
    let run = quiet.check(&["--format", "nagios"]).ends(0);
    assert!(["OK", "WARNING"].contains(&state(&run).as_str()));
}

#[test]
fn the_plugin_ends_with_the_status_that_nagios_expects() {
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/nagios/check_comeback");
    let run = |args: &[&str], program: &str| {
        let call = Call::of(&plugin, args).env("COMEBACK_PROGRAM", program);
        call.run()
    };
    let root = |root: &Root| root.path().to_str().unwrap().to_owned();
    let at = |tree: &Root| run(&[&root(tree), "--now", NOW], PROGRAM);
    at(&blocked())
        .ends(2)
        .says("COMEBACK CRITICAL - BLOCKED: box-");
    at(&undecided())
        .ends(3)
        .says("COMEBACK UNKNOWN - UNDECIDED");
    let clear = at(&healthy());
    let word = clear.stdout.split(' ').nth(1).unwrap().to_owned();
    clear.ends(i32::from(word != "OK"));
    run(&["/no/such/root"], PROGRAM)
        .ends(3)
        .says("COMEBACK UNKNOWN - no verdict (status 3)");
    run(&["--no-such-option"], PROGRAM)
        .ends(3)
        .says("COMEBACK UNKNOWN");
    run(&[], "/no/such/program")
        .ends(3)
        .says("COMEBACK UNKNOWN");
    // A program that only says that all is well does not make it so.
    run(&[], "/bin/echo").ends(3);
}

#[test]
fn every_line_for_prometheus_is_help_a_type_or_a_sample_of_that_type() {
    let sample =
        Regex::new(r#"^(comeback_[a-z_]+)(\{([a-z]+="([^"\\]|\\["\\n])*"(,|\}))+)? -?\d+$"#)
            .unwrap();
    for run in [
        report(&estate(), "prometheus", &[]),
        healthy().check(&["--format", "prometheus"]),
    ] {
        let mut samples = BTreeSet::new();
        let mut family = String::new();
        for line in run.stdout.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.strip_suffix(" gauge").unwrap().to_owned();
            } else if !line.starts_with("# HELP comeback_") {
                let name = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
                assert_eq!(name[1], family);
                let (labels, _) = line.rsplit_once(' ').unwrap();
                assert!(samples.insert(labels.to_owned()), "{line} is there twice");
            }
        }
        assert!(samples.len() > 8);
    }
}

#[test]
fn two_hosts_of_one_name_are_told_apart_for_prometheus() {
    let root = Root::new();
    for place in ["hosts/a/gw", "hosts/b/gw"] {
        root.file(format!("{place}/etc/cron.d/job"), "5 4 * * * root true\n");
    }
    let args = ["check", "--hosts", "hosts/*/gw", "--now", NOW];
    let args = args.into_iter().chain(["--format", "prometheus"]);
    let run = Call::new(args).within(root.path()).run();
    run.says("comeback_clear{host=\"hosts/a/gw\"}")
        .says("comeback_clear{host=\"hosts/b/gw\"}");
}

/// Pages of every kind: of many hosts, hostile ones among them, and of one.
fn pages() -> Vec<String> {
    let runs = [
        report(&estate(), "html", &[]).ends(1),
        report(&estate(), "html", &["--audit", "--horizon", "40d"]),
        blocked().check(&["--format", "html"]),
        healthy().check(&["--format", "html"]),
        undecided().check(&["--format", "html"]),
    ];
    runs.into_iter().map(|run| run.stdout).collect()
}

/// The page as XML: what has no end tag in HTML gets one.
fn as_xml(page: &str) -> String {
    let void = Regex::new("<(meta|br)([^>]*)>").unwrap();
    let page = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    void.replace_all(page, "<$1$2/>").into_owned()
}

#[test]
fn the_page_has_no_script_no_address_and_no_element_but_its_own() {
    let known = BTreeSet::from([
        "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "h4",
        "div", "table", "thead", "tbody", "tr", "th", "td", "a", "span", "section", "article", "p",
        "details", "summary", "pre", "code", "mark", "time", "ul", "li", "dl", "dt", "dd", "nav",
        "br", "footer",
    ]);
    let attributes = BTreeSet::from([
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "href",
        "scope",
        "open",
        "style",
        "role",
        "tabindex",
        "title",
        "datetime",
        "aria-label",
        "aria-labelledby",
        "aria-hidden",
    ]);
    let style = Regex::new("^(flex:[0-9]+|left:[0-9.]+%(;width:[0-9.]+%)?)$").unwrap();
    for page in pages() {
        let xml = as_xml(&page).replace("<details open>", "<details open=\"\">");
        let document = roxmltree::Document::parse(&xml).unwrap();
        let mut ids = BTreeSet::new();
        let mut targets = BTreeSet::new();
        let mut level = 0;
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let tag = node.tag_name().name();
            assert!(known.contains(tag), "{tag}");
            for attribute in node.attributes() {
                let (name, value) = (attribute.name(), attribute.value());
                assert!(attributes.contains(name), "{tag} {name}");
                match name {
                    "id" => assert!(ids.insert(value.to_owned()), "{value} twice"),
                    "href" => {
                        targets.insert(value.strip_prefix('#').unwrap().to_owned());
                    }
                    "aria-labelledby" => {
                        targets.insert(value.to_owned());
                    }
                    "style" => assert!(style.is_match(value), "{value}"),
                    "datetime" => assert!(value.parse::<jiff::Timestamp>().is_ok(), "{value}"),
                    _ => {}
                }
            }
            // No heading is skipped, so that a screen reader can go by them.
            if let Some(depth) = tag.strip_prefix('h').and_then(|n| n.parse::<u8>().ok()) {
                assert!(depth <= level + 1, "h{depth} after h{level}");
                level = depth;
            }
        }
        let lost: Vec<&String> = targets.difference(&ids).collect();
        assert!(lost.is_empty(), "nothing has the id {lost:?}");
        let style = document.descendants().find(|n| n.has_tag_name("style"));
        let style = style.and_then(|n| n.text()).unwrap();
        for fetched in ["url(", "@import", "src:"] {
            assert!(!style.contains(fetched), "{fetched}");
        }
    }
}

#[test]
fn the_page_shows_each_host_each_finding_and_each_time() {
    let root = estate();
    // A hostile name, and jobs whose times are known.
    for (minute, host) in [(5, HOSTILE), (20, "plain"), (35, "third")] {
        let at = |path: &str| Path::new("hosts").join(host).join(path);
        root.file(at("etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
        let job = format!("{minute} 3 * * * root /sbin/reboot\n");
        root.file(at("etc/cron.d/nightly"), job);
    }
    let tree = ["--tree", "partial", "--covers", "etc"];
    let json = report(&root, "json", &tree).json();
    let page = report(&root, "html", &tree).stdout;
    let xml = as_xml(&page).replace("<details open>", "<details open=\"\">");
    let document = roxmltree::Document::parse(&xml).unwrap();
    let text = |node: roxmltree::Node<'_, '_>| -> String {
        node.descendants().filter_map(|n| n.text()).collect()
    };
    let of = |name: &str, class: &str| -> Vec<roxmltree::Node<'_, '_>> {
        let all = document.descendants();
        all.filter(|n| n.has_tag_name(name) && n.attribute("class") == Some(class))
            .collect()
    };
    let hosts = json["hosts"].as_array().unwrap();
    let chains = of("table", "chains")[0];
    let rows = chains.descendants().filter(|n| n.has_tag_name("tr"));
    let rows: Vec<String> = rows.skip(1).map(text).collect();
    assert_eq!(rows.len(), hosts.len());
    let sections: Vec<String> = of("section", "host").into_iter().map(text).collect();
    for host in hosts {
        let name = host["name"].as_str().unwrap();
        let row = rows.iter().find(|row| row.starts_with(name)).unwrap();
        let links = host["chain"].as_array().unwrap();
        for state in links.iter().map(|link| link["state"].as_str().unwrap()) {
            assert!(
                row.to_lowercase().contains(&state.replace('-', " ")),
                "{row}: {state}"
            );
        }
        let section = sections
            .iter()
            .find(|text| text.trim_start().starts_with(name));
        for finding in host["findings"].as_array().unwrap() {
            let message = finding["message"].as_str().unwrap();
            assert!(section.unwrap().contains(message), "{message}");
        }
    }
    let times = of("table", "times")[0];
    let times = times.descendants().filter(|n| n.has_tag_name("time"));
    let times: Vec<&str> = times.filter_map(|n| n.attribute("datetime")).collect();
    let triggers = hosts
        .iter()
        .flat_map(|host| host["triggers"].as_array().unwrap());
    let mut next: Vec<&str> = triggers.filter_map(|t| t["next"].as_str()).collect();
    next.sort_unstable();
    assert_eq!(times, next);
    assert!(times.len() > 1);
    // What a tree says is text, whatever it looks like.
    assert!(page.contains("&gt;&lt;script&gt;alert(1)&lt;\\script&gt;&lt;!--]]&gt;&amp;amp;{0}"));
    assert!(!page.contains("<script"));
}

#[test]
fn several_reports_are_written_in_one_run_and_each_whole_or_not_at_all() {
    let root = estate();
    let mut args: Vec<String> = Vec::new();
    for format in FORMATS {
        args.extend(["--format".to_owned(), format!("{format}=out.{format}")]);
    }
    let more: Vec<&str> = args.iter().skip(2).map(String::as_str).collect();
    report(&root, "text=out.text", &more)
        .ends(1)
        .says("BLOCKED");
    for format in FORMATS {
        let file = std::fs::read_to_string(root.at(format!("out.{format}"))).unwrap();
        assert_eq!(file, report(&root, format, &[]).stdout, "{format}");
    }
    let names = std::fs::read_dir(root.path()).unwrap();
    assert_eq!(names.count(), FORMATS.len() + 1, "nothing else is left");
    report(&root, "json=x", &["--format", "sarif=x"])
        .ends(2)
        .complains("another report goes to that file");
    report(&root, "xml", &[])
        .ends(2)
        .complains("--format xml: choose one of text brief json");
    // A full disk is told, and hides no blocker.
    report(&root, "sarif=/dev/full", &[])
        .ends(1)
        .complains("cannot write the report: /dev/full");
}
