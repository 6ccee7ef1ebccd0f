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

/// `apply_patch <<'EOF'`, `applypatch <<EOF` or `apply_patch '…'`, perhaps after `cd folder &&`, and nothing else.
fn find(script: &str) -> Option<ShellPatch> {
    let (folder, rest) = match script.strip_prefix("cd ") {
        Some(rest) => {
            let (folder, rest) = rest.split_once("&&")?;
            (Some(plain_word(folder.trim())?), rest.trim_start())
        }
        None => (None, script),
    };
    let arguments = rest
        .strip_prefix("apply_patch")
        .or_else(|| rest.strip_prefix("applypatch"))?;
    let arguments = arguments.trim_start_matches([' ', '\t']);
    let text = here_document(arguments).or_else(|| quoted(arguments))?;
    Some(ShellPatch { folder, text })
}

/// The body of a here-document that the text consists of.
fn here_document(text: &str) -> Option<String> {
    let (first, rest) = text.strip_prefix("<<")?.split_once('\n')?;
    let word = first.trim();
    let word = ['\'', '"']
        .iter()
        .find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(word);
    let is_word = !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // The first line that is the word ends it; behind that is another command.
    let end = rest
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let begin = *at;
            *at += line.len();
            Some((begin, *at, line))
        })
        .find(|(.., line)| line.trim_end_matches(['\r', '\n']) == word);
    let (begin, after, _) = end.filter(|_| is_word)?;
    rest[after..].trim().is_empty().then(|| rest[..begin].to_owned())
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
            "apply_patch".to_owned(),
            "apply_patch file.patch".to_owned(),
            "apply_patch_all <<'EOF'\nEOF".to_owned(),
            "cd a &&".to_owned(),
        ] {
            assert_eq!(find(&script), None, "{script}");
        }
    }
}
