//! Rules files that users write, and texts that nobody would.

use proptest::prelude::*;

use super::super::{Decision, PrefixRule, RuleSet};
use super::{allow_line, parse};

fn rules(source: &str) -> RuleSet {
    let (rules, error) = parse(source);
    assert_eq!(error, None, "{source}");
    rules
}

fn mistake(source: &str) -> (usize, String) {
    let (_, error) = parse(source);
    let error = error.unwrap_or_else(|| panic!("no mistake in {source}"));
    (error.line, error.message)
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn rules_are_read_as_they_are_written() {
    let all = rules(
        r#"
# A comment
"""Text of
several lines"""
prefix_rule(pattern = ["git", ["status", 'log']], decision = "allow",)
prefix_rule(
    pattern=[r"a\b", "x" + "y"], # inside
    decision="prompt",
    justification='''Look
first''',
    match=["'a\\b' xy z", ["a\\b", "xy"]],
    not_match=["'a\\b'"],
)
tool = ["cargo"]
common = tool + ["test"]
prefix_rule(common, "forbidden"); prefix_rule(pattern=("ls",))
host_executable(name="git", paths=["/usr/bin/git"])
network_rule(host="example.com", protocol="https", decision="deny")
prefix_rule(pattern=["\u00e4\x41\101\t"])
"#,
    );
    let rule = |pattern: &[&[&str]], decision, justification: Option<&str>| PrefixRule {
        pattern: pattern
            .iter()
            .map(|either| either.iter().map(ToString::to_string).collect())
            .collect(),
        decision,
        justification: justification.map(str::to_owned),
        source: None,
    };
    assert_eq!(
        all.prefixes,
        [
            rule(&[&["git"], &["status", "log"]], Decision::Allow, None),
            rule(&[&["a\\b"], &["xy"]], Decision::Prompt, Some("Look\nfirst")),
            rule(&[&["cargo"], &["test"]], Decision::Forbidden, None),
            rule(&[&["ls"]], Decision::Allow, None),
            rule(&[&["\u{e4}AA\t"]], Decision::Allow, None),
        ]
    );
    assert_eq!(all.paths_of("git"), Some(vec!["/usr/bin/git"]));
    assert_eq!(
        (all.network.len(), all.network[0].decision),
        (1, Decision::Forbidden)
    );
}

#[test]
fn patterns_are_beginnings() {
    let all = rules(r#"prefix_rule(pattern=["git", ["status", "log"]])"#);
    let fits = |text| all.prefixes[0].fits(&words(text));
    assert!(fits("git status") && fits("git log -1"));
    assert!(!fits("git") && !fits("git push") && !fits("git -C x status") && !fits("gitx status"));
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (source, line, part) in [
        ("prefix_rule(", 1, ""),
        ("\n\nprefix_rule(pattern=[])", 3, "must not be empty"),
        ("prefix_rule(pattern=['a', []])", 1, "must not be empty"),
        ("prefix_rule(pattern='a')", 1, "list of words"),
        (
            "prefix_rule(pattern=['a'], decision='never')",
            1,
            "invalid decision",
        ),
        (
            "prefix_rule(pattern=['a'], justification=' ')",
            1,
            "justification",
        ),
        ("prefix_rule(pattern=['a'], what='b')", 1, "no argument `what`"),
        ("prefix_rule(pattern=['a'], pattern=['b'])", 1, "given twice"),
        ("prefix_rule(['a'], pattern=['b'])", 1, "given twice"),
        ("prefix_rule()", 1, "pattern"),
        (
            "\nprefix_rule(\n pattern=['a'],\n match=['b'])",
            2,
            "does not match",
        ),
        (
            "prefix_rule(pattern=['a'], not_match=['a b'])",
            1,
            "matches the pattern",
        ),
        ("prefix_rule(pattern=['a'], match=[\"'\"])", 1, "no command"),
        ("x = 1", 1, "unexpected"),
        ("\nx = y", 2, "`y` is not known"),
        ("x = 'a' + ['b']", 1, "added"),
        ("def f():\n  pass", 1, "not supported"),
        ("load('a', 'b')", 1, "not supported"),
        ("'a", 1, "does not end"),
        ("x = 'a\nb'", 1, "does not end"),
        ("x = '\\q'", 1, "escape"),
        ("x = ['a' 'b']", 1, "expected"),
        ("prefix_rule(['a']) prefix_rule(['b'])", 1, "end of the line"),
        ("host_executable(name='a/b', paths=[])", 1, "without a path"),
        ("host_executable(name='a', paths=['a'])", 1, "absolute"),
        ("host_executable(name='a', paths=['/x/b'])", 1, "ends in"),
        ("@", 1, "unexpected"),
    ] {
        let (at, message) = mistake(source);
        assert_eq!(at, line, "{source}: {message}");
        assert!(message.contains(part), "{source}: {message}");
    }
    assert!(
        mistake(&("x = ".to_owned() + &"[".repeat(100_000)))
            .1
            .contains("brackets")
    );
    let growing = "x = ['a']\n".to_owned() + &"x = x + x\n".repeat(64);
    assert!(mistake(&growing).1.contains("too large"));
}

#[test]
fn rules_about_the_network_name_one_host_and_a_protocol() {
    let hosts = "example.com|EXAMPLE.com.| example.com |example.com:443|example.com:x|::1|[::1]|[::1]:80|127.0.0.1|a..b|:80";
    for host in hosts.split('|') {
        for protocol in [
            "http",
            "https",
            "https_connect",
            "http-connect",
            "socks5_tcp",
            "socks5_udp",
        ] {
            let source = format!("network_rule({host:?}, {protocol:?}, 'prompt', 'why')");
            assert_eq!(rules(&source).network.len(), 1, "{source}");
        }
    }
    for (host, part) in [
        ("", "empty"),
        ("..", "empty"),
        ("[]:80", "empty"),
        ("*", "wildcards"),
        ("*.example.com", "wildcards"),
        ("https://example.com", "scheme"),
        ("example.com/path", "path"),
        ("example.com?x", "path"),
        ("exa mple.com", "white space"),
        ("[::1", "brackets"),
        ("[::1]x", "brackets"),
        ("[::1]:x", "brackets"),
    ] {
        let (_, message) = mistake(&format!("network_rule({host:?}, 'https', 'allow')"));
        assert!(message.contains(part), "{host}: {message}");
    }
    for (arguments, part) in [
        ("'a', 'https'", "`decision`"),
        ("'a', decision='allow'", "`protocol`"),
        ("protocol='https', decision='allow'", "`host`"),
        ("['a'], 'https', 'allow'", "`host`"),
        ("'a', 'ftp', 'allow'", "protocol"),
        ("'a', 'HTTPS', 'allow'", "protocol"),
        ("'a', 'https', 'block'", "decision"),
        ("'a', 'https', None", "`decision`"),
        ("'a', 'https', 'allow', ' '", "says something"),
        ("'a', 'https', 'allow', port='1'", "`port`"),
    ] {
        let (_, message) = mistake(&format!("network_rule({arguments})"));
        assert!(message.contains(part), "{arguments}: {message}");
    }
    assert!(
        mistake("prefix_rule(['a'], decision=None)")
            .1
            .contains("`decision`")
    );
}

#[test]
fn what_stands_before_a_mistake_is_known() {
    let (rules, error) = parse("prefix_rule(['a'], 'forbidden')\nprefix_rule(['b'])\n?");
    assert_eq!(rules.prefixes.len(), 2);
    assert_eq!(error.map(|error| error.line), Some(3));
    let kept = rules.without_allowances();
    assert_eq!(kept.prefixes.len(), 1);
}

proptest! {
    #[test]
    fn any_text_is_taken(source in any::<String>()) {
        let _ = parse(&source);
    }

    #[test]
    fn any_rules_like_text_is_taken(
        source in "(prefix_rule|host_executable|network_rule|pattern|match|[a-z]|[\\[\\](),=+#;\\\\]|\"|'|\n| |\"\"\"|\u{e9}){0,40}"
    ) {
        let _ = parse(&source);
    }

    #[test]
    fn written_rules_are_read_again(words in prop::collection::vec(any::<String>(), 1..5)) {
        prop_assume!(!words[0].is_empty());
        let read = rules(&allow_line(&words));
        prop_assert_eq!(read.prefixes, vec![PrefixRule::allow(&words).expect("words")]);
        prop_assert_eq!(allow_line(&words).matches('\n').count(), 1);
    }
}
