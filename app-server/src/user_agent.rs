//! How we call ourselves on behalf of a client (docs/contract/model-http.md#originator-and-user-agent):
//! `<originator>/<release> (<system> <version>; <machine>) <terminal> (<client>; <client version>)`.

use std::env;
use std::path::Path;

use codex_core::CONTRACT_VERSION;
use codex_core::external_file::read_text;

/// The user agent for a client.
pub(crate) fn user_agent(originator: &str, client_name: &str, client_version: &str) -> String {
    let system = system();
    let machine = env::consts::ARCH;
    let terminal = terminal(|name| env::var(name).ok());
    format!(
        "{originator}/{CONTRACT_VERSION} ({system}; {machine}) {terminal} ({client_name}; {client_version})"
    )
}

/// Whether a text can be the value of an HTTP header (RFC 9110 §5.5, without the bytes that no client uses).
pub(crate) fn is_header_value(text: &str) -> bool {
    text.bytes().all(is_header_byte)
}

/// The text with everything replaced that an HTTP header cannot carry.
pub(crate) fn as_header_value(text: &str) -> String {
    let replace = |c: char| {
        if c.is_ascii() && is_header_byte(c as u8) {
            c
        } else {
            '_'
        }
    };
    text.chars().map(replace).collect()
}

fn is_header_byte(byte: u8) -> bool {
    byte == b'\t' || (b' '..=b'~').contains(&byte)
}

fn terminal(var: impl Fn(&str) -> Option<String>) -> String {
    let var = |name| var(name).filter(|value| !value.is_empty());
    match (var("TERM_PROGRAM"), var("TERM_PROGRAM_VERSION")) {
        (Some(program), Some(version)) => format!("{program}/{version}"),
        (Some(program), None) => program,
        (None, _) => var("TERM").unwrap_or_else(|| "unknown".to_owned()),
    }
}

fn system() -> String {
    if let Ok(text) = read_text(Path::new("/etc/os-release"), 64 << 10) {
        return system_of(&text);
    }
    let uname = rustix::system::uname();
    let (name, version) = (
        uname.sysname().to_string_lossy(),
        uname.release().to_string_lossy(),
    );
    format!("{name} {version}")
}

/// Name and version from os-release(5); the version always has three numbers.
fn system_of(os_release: &str) -> String {
    let field = |name: &str| {
        let line = os_release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(|value| value.trim_matches(['"', '\'']))
            .filter(|value| !value.is_empty())
    };
    let mut name = field("ID").unwrap_or("linux").to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let Some(version) = field("VERSION_ID") else {
        return name;
    };
    let mut numbers = version.split('.').map(|part| part.trim_start_matches('0'));
    let mut number = || numbers.next().filter(|part| !part.is_empty()).unwrap_or("0");
    format!("{name} {}.{}.{}", number(), number(), number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_have_a_name_and_three_numbers() {
        assert_eq!(
            system_of("NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"),
            "Debian 12.0.0"
        );
        assert_eq!(system_of("ID=ubuntu\nVERSION_ID=\"24.04\"\n"), "Ubuntu 24.4.0");
        assert_eq!(system_of("ID=arch\n"), "Arch");
        assert_eq!(system_of(""), "Linux");
    }

    #[test]
    fn terminals_are_named_by_program_or_by_kind() {
        let of = |vars: &[(&str, &str)]| {
            terminal(|name| {
                vars.iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(
            of(&[("TERM_PROGRAM", "vscode"), ("TERM_PROGRAM_VERSION", "1.9")]),
            "vscode/1.9"
        );
        assert_eq!(
            of(&[("TERM_PROGRAM", "iTerm.app"), ("TERM", "xterm")]),
            "iTerm.app"
        );
        assert_eq!(of(&[("TERM", "xterm")]), "xterm");
        assert_eq!(of(&[]), "unknown");
    }

    #[test]
    fn what_a_header_cannot_carry_is_replaced() {
        assert!(is_header_value("my client/1.2 (x)"));
        assert!(!is_header_value("line\nbreak"));
        assert_eq!(as_header_value("é\n~"), "__~");
    }
}
