//! The functions of rules files.

use super::{Arguments, Value};
use crate::exec_policy::{Decision, HostExecutable, NetworkProtocol, NetworkRule, PrefixRule, RuleSet};

/// Calls a function; its rule joins the others. The error says what is wrong.
pub(super) fn call(name: &str, arguments: Arguments, rules: &mut RuleSet) -> Result<(), String> {
    match name {
        "prefix_rule" => rules.prefixes.push(prefix_rule(arguments)?),
        "host_executable" => rules.executables.push(host_executable(arguments)?),
        "network_rule" => rules.network.push(network_rule(arguments)?),
        _ => {
            return Err(format!(
                "`{name}` is not supported in rules files; there are prefix_rule, host_executable and network_rule"
            ));
        }
    }
    Ok(())
}

fn prefix_rule(arguments: Arguments) -> Result<PrefixRule, String> {
    let names = ["pattern", "decision", "justification", "match", "not_match"];
    let [pattern, decision, justification, matching, not_matching] =
        by_name("prefix_rule", names, arguments)?;
    let Some(Value::List(pattern)) = pattern else {
        return Err("`pattern` must be a list of words, or of lists of words".to_owned());
    };
    let either = |value| match value {
        Value::Text(word) => Ok(vec![word]),
        other => words(other, "a list in `pattern`"),
    };
    let pattern = pattern.into_iter().map(either).collect::<Result<Vec<_>, _>>()?;
    if pattern.is_empty() || pattern.iter().any(Vec::is_empty) || pattern[0].iter().any(String::is_empty) {
        return Err("`pattern` must not be empty, nor any list in it".to_owned());
    }
    let rule = PrefixRule {
        pattern,
        decision: decision_of(decision)?,
        justification: justification_of(justification)?,
        source: None,
    };
    for example in examples(matching, "match")? {
        if !rule.fits(&example) {
            return Err(format!(
                "the `match` example {example:?} does not match the pattern"
            ));
        }
    }
    for example in examples(not_matching, "not_match")? {
        if rule.fits(&example) {
            return Err(format!("the `not_match` example {example:?} matches the pattern"));
        }
    }
    Ok(rule)
}

fn host_executable(arguments: Arguments) -> Result<HostExecutable, String> {
    let [name, paths] = by_name("host_executable", ["name", "paths"], arguments)?;
    let Some(Value::Text(name)) = name else {
        return Err("`name` must be a string".to_owned());
    };
    if name.is_empty() || name.contains('/') {
        return Err("`name` must be the name of a program, without a path".to_owned());
    }
    let paths = words(paths.unwrap_or(Value::None), "`paths`")?;
    for path in &paths {
        if !path.starts_with('/') || path.rsplit('/').next() != Some(&name) {
            return Err(format!("`{path}` must be an absolute path that ends in `{name}`"));
        }
    }
    Ok(HostExecutable { name, paths })
}

fn network_rule(arguments: Arguments) -> Result<NetworkRule, String> {
    let names = ["host", "protocol", "decision", "justification"];
    let [host, protocol, decision, justification] = by_name("network_rule", names, arguments)?;
    let text = |value, name: &str| match value {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(format!("network_rule needs `{name}`, a string")),
    };
    let decision = match text(decision, "decision")? {
        // Another word for the same, as the client's amendments have it.
        word if word == "deny" => Decision::Forbidden,
        word => decision_of(Some(Value::Text(word)))?,
    };
    Ok(NetworkRule {
        host: host_of(&text(host, "host")?)?,
        protocol: NetworkProtocol::of(&text(protocol, "protocol")?)?,
        decision,
        justification: justification_of(justification)?,
    })
}

impl NetworkProtocol {
    fn of(word: &str) -> Result<Self, String> {
        match word {
            "http" => Ok(Self::Http),
            "https" | "https_connect" | "http-connect" => Ok(Self::Https),
            "socks5_tcp" => Ok(Self::Socks5Tcp),
            "socks5_udp" => Ok(Self::Socks5Udp),
            other => Err(format!(
                "invalid protocol: {other:?}; it is \"http\", \"https\", \"socks5_tcp\" or \"socks5_udp\""
            )),
        }
    }
}

/// The name or address of one host, perhaps with a port.
fn host_of(text: &str) -> Result<String, String> {
    let host = text.trim();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').and_then(|(inner, port)| {
            let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_number);
            is_port.then_some(inner)
        }),
        None => match host.split_once(':') {
            Some((name, port)) if !name.is_empty() && is_number(port) => Some(name),
            // Several colons are an address without brackets.
            _ => Some(host),
        },
    };
    let wrong = match name.map(|name| name.trim_end_matches('.')) {
        None => "its brackets hold no address",
        Some("") => "it is empty",
        Some(name) if name.contains('*') => "it must be one host, without wildcards",
        Some(name) if name.contains(['/', '?', '#']) => {
            "it must be a name or an address, without scheme or path"
        }
        Some(name) if name.contains(char::is_whitespace) => "it has white space in it",
        Some(_) => return Ok(host.to_owned()),
    };
    Err(format!("invalid host: {text:?}: {wrong}"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Sorts arguments by name.
fn by_name<const N: usize>(
    function: &str,
    names: [&str; N],
    arguments: Arguments,
) -> Result<[Option<Value>; N], String> {
    let mut values = [const { None }; N];
    if arguments.unnamed.len() > N {
        return Err(format!("{function} takes at most {N} arguments"));
    }
    for (place, value) in values.iter_mut().zip(arguments.unnamed) {
        *place = Some(value);
    }
    for (name, value) in arguments.named {
        let place = names.iter().position(|known| *known == name);
        match place.and_then(|place| values.get_mut(place)) {
            Some(place @ None) => *place = Some(value),
            Some(Some(_)) => return Err(format!("`{name}` is given twice")),
            None => return Err(format!("{function} has no argument `{name}`")),
        }
    }
    Ok(values)
}

fn decision_of(value: Option<Value>) -> Result<Decision, String> {
    match value {
        None => Ok(Decision::Allow),
        Some(Value::Text(word)) => match word.as_str() {
            "allow" => Ok(Decision::Allow),
            "prompt" => Ok(Decision::Prompt),
            "forbidden" => Ok(Decision::Forbidden),
            other => Err(format!(
                "invalid decision: {other:?}; it is \"allow\", \"prompt\" or \"forbidden\""
            )),
        },
        Some(_) => Err("`decision` must be a string".to_owned()),
    }
}

fn justification_of(value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None => Ok(None),
        Some(Value::Text(text)) if !text.trim().is_empty() => Ok(Some(text)),
        Some(_) => Err("`justification` must be a string that says something".to_owned()),
    }
}

fn words(value: Value, what: &str) -> Result<Vec<String>, String> {
    let Value::List(values) = value else {
        return Err(format!("{what} must be a list of strings"));
    };
    let word = |value| match value {
        Value::Text(word) => Ok(word),
        _ => Err(format!("{what} must be a list of strings")),
    };
    values.into_iter().map(word).collect()
}

/// Commands as text or as lists of words.
fn examples(value: Option<Value>, name: &str) -> Result<Vec<Vec<String>>, String> {
    let values = match value {
        None => return Ok(Vec::new()),
        Some(Value::List(values)) => values,
        Some(_) => return Err(format!("`{name}` must be a list of commands")),
    };
    let example = |value| match value {
        Value::Text(text) => shlex::split(&text)
            .filter(|words| !words.is_empty())
            .ok_or_else(|| format!("the `{name}` example {text:?} is no command")),
        other => words(other, &format!("an example of `{name}`")),
    };
    values.into_iter().map(example).collect()
}
