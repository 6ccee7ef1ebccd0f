//! Patches that a model writes as shell commands (docs/contract/tools.md#patches): there is no program of that name, so
//! they are applied here.

use std::path::Path;
use std::time::Instant;

use super::{CallContext, CallRecord, ToolEnd, apply_patch};
use crate::model::FunctionOutput;

/// A patch in a script that does nothing else.
#[derive(Debug, PartialEq, Eq)]
struct ShellPatch {
    /// The folder that the script changes to before.
    folder: Option<String>,
    /// The patch, not yet parsed.
    text: String,
}

/// Applies the patch that this command of `exec_command` consists of. `None`: it is another command.
pub(super) async fn intercept(cx: &CallContext, call_id: &str, script: &str, cwd: &Path) -> Option<ToolEnd> {
    let script = script.trim();
    if script.starts_with("*** Begin Patch") {
        return Some(ToolEnd::text(
            "apply_patch verification failed: patch detected without explicit call to apply_patch. Rerun as \
             [\"apply_patch\", \"<patch>\"]",
        ));
    }
    let ShellPatch { folder, text } = find(script)?;
    let folder = folder.map_or_else(|| cwd.to_owned(), |folder| cwd.join(folder));
    let begun = Instant::now();
    // No hook is told of its end: the call was one of the shell, which has not run.
    let cx = &CallContext {
        record: CallRecord::default(),
        ..cx.clone()
    };
    let end = apply_patch::apply(cx, call_id.to_owned(), &text, folder).await;
    Some(match end {
        ToolEnd::Output(FunctionOutput::Text(text)) if text.starts_with("Exit code: ") => {
            ToolEnd::text(format!(
                "Wall time: {:.4} seconds\nOutput:\n{text}",
                begun.elapsed().as_secs_f64()
            ))
        }
        end => end,
    })
}

/// `apply_patch <<'EOF'`, `applypatch - <<EOF` or `apply_patch '…'`, perhaps after `cd folder &&` and assignments of variables
/// (which mean nothing to it), and nothing else.
fn find(script: &str) -> Option<ShellPatch> {
    let (folder, rest) = match script.strip_prefix("cd ") {
        Some(rest) => {
            let (folder, rest) = rest.split_once("&&")?;
            (Some(plain_word(folder.trim())?), rest.trim_start())
        }
        None => (None, script),
    };
    let command = after_assignments(rest);
    let after_name = command
        .strip_prefix("apply_patch")
        .or_else(|| command.strip_prefix("applypatch"))?;
    let arguments = after_name.trim_start_matches(BLANK);
    let input = match arguments.strip_prefix('-') {
        // Without a blank it is part of the command's name.
        Some(input) if arguments.len() < after_name.len() => input.trim_start_matches(BLANK),
        Some(_) => return None,
        None => arguments,
    };
    let text = here_document(input).or_else(|| quoted(arguments))?;
    Some(ShellPatch { folder, text })
}

/// What separates the words of a line.
const BLANK: [char; 2] = [' ', '\t'];

/// The command behind assignments of plain values (`NAME=value`).
fn after_assignments(text: &str) -> &str {
    let next = |text: &str| {
        let end = text.find(BLANK)?;
        let (name, value) = text[..end].split_once('=')?;
        let is_name = !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.bytes().all(is_name_byte);
        let is_plain = value
            .bytes()
            .all(|byte| is_name_byte(byte) || b"./:,@%+=-".contains(&byte));
        (is_name && is_plain).then_some(end)
    };
    let mut command = text;
    while let Some(end) = next(command) {
        command = command[end..].trim_start_matches(BLANK);
    }
    command
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The body of a here-document that the text consists of. With `<<-` the shell drops tabs at the beginning of its lines.
fn here_document(text: &str) -> Option<String> {
    let (first, rest) = text.strip_prefix("<<")?.split_once('\n')?;
    let (first, without_tabs) = match first.strip_prefix('-') {
        Some(first) => (first, true),
        None => (first, false),
    };
    let word = first.trim();
    let word = ['\'', '"']
        .iter()
        .find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote))
        .or_else(|| word.strip_prefix('\\'))
        .unwrap_or(word);
    let is_word = !word.is_empty() && word.bytes().all(is_name_byte);
    if !is_word {
        return None;
    }
    // The first line that is the word ends it; behind that is another command.
    let mut body = String::new();
    let mut lines = rest.split_inclusive('\n').map(|line| {
        if without_tabs {
            line.trim_start_matches('\t')
        } else {
            line
        }
    });
    for line in lines.by_ref() {
        if line.trim_end_matches(['\r', '\n']) == word {
            return lines.all(|line| line.trim().is_empty()).then_some(body);
        }
        body.push_str(line);
    }
    None
}

/// A patch in single quotes, in which the shell changes nothing.
fn quoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains('\'')).then(|| inner.to_owned())
}

/// A word that the shell would take as it is, but for quotes around it.
fn plain_word(text: &str) -> Option<String> {
    if text.contains([
        '$', '`', '\\', '~', '*', '?', '[', ';', '|', '&', '<', '>', '(', ')', '{', '#', '!',
    ]) {
        return None;
    }
    let mut words = shlex::split(text)?;
    let word = words.pop()?;
    (words.is_empty() && !word.is_empty() && !word.starts_with('-')).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "*** Begin Patch\n*** Delete File: a\n*** End Patch\n";

    #[test]
    fn patches_are_found_in_the_forms_that_models_write() {
        for (script, folder) in [
            (format!("apply_patch <<'EOF'\n{PATCH}EOF"), None),
            (format!("applypatch <<\"PATCH\"\n{PATCH}PATCH\n"), None),
            (format!("apply_patch <<EOF\n{PATCH}EOF\n\n"), None),
            (
                format!("cd sub/dir && apply_patch <<'EOF'\n{PATCH}EOF"),
                Some("sub/dir"),
            ),
            (
                format!("cd 'a b' &&  apply_patch << 'EOF'\n{PATCH}EOF"),
                Some("a b"),
            ),
            (format!("apply_patch '{PATCH}'"), None),
            (format!("apply_patch - <<'EOF'\n{PATCH}EOF"), None),
            (format!("apply_patch <<\\EOF\n{PATCH}EOF"), None),
            (format!("apply_patch <<-'EOF'\n{PATCH}EOF"), None),
            (
                format!("apply_patch <<-EOF\n\t{}\t\tEOF\n", PATCH.replace("\n*", "\n\t*")),
                None,
            ),
            (format!("A=1 _B=/x:y  apply_patch <<'EOF'\n{PATCH}EOF"), None),
            (format!("cd a && A= apply_patch -<<'EOF'\n{PATCH}EOF"), Some("a")),
        ] {
            let found = find(&script).unwrap_or_else(|| panic!("{script}"));
            assert_eq!(
                (found.folder.as_deref(), found.text.as_str()),
                (folder, PATCH),
                "{script}"
            );
        }
    }

    #[test]
    fn scripts_that_do_more_are_left_to_the_shell() {
        for script in [
            format!("apply_patch <<'EOF'\n{PATCH}EOF\nrm x"),
            format!("apply_patch <<'EOF' && rm x\n{PATCH}EOF"),
            format!("apply_patch <<'EOF'\n{PATCH}"),
            format!("cd $HOME && apply_patch <<'EOF'\n{PATCH}EOF"),
            format!("cd a b && apply_patch <<'EOF'\n{PATCH}EOF"),
            format!("cd a; apply_patch <<'EOF'\n{PATCH}EOF"),
            format!("echo; apply_patch <<'EOF'\n{PATCH}EOF"),
            format!("apply_patch \"{PATCH}\""),
            format!("apply_patch - '{PATCH}'"),
            format!("apply_patch-<<'EOF'\n{PATCH}EOF"),
            format!("apply_patch <<'EOF'\n{PATCH}\tEOF"),
            format!("A=$(rm x) apply_patch <<'EOF'\n{PATCH}EOF"),
            format!("1A=x apply_patch <<'EOF'\n{PATCH}EOF"),
            format!("A=x; apply_patch <<'EOF'\n{PATCH}EOF"),
            "apply_patch".to_owned(),
            "apply_patch file.patch".to_owned(),
            "apply_patch_all <<'EOF'\nEOF".to_owned(),
            "cd a &&".to_owned(),
        ] {
            assert_eq!(find(&script), None, "{script}");
        }
    }
}
