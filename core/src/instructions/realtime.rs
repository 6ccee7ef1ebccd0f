//! Voice conversations: what the voice model is told, and what the agent is told of it.

use std::fmt::Write as _;

use crate::xml::escape;

/// Instructions of the voice model.
pub(crate) const REALTIME_VOICE: &str = include_str!("realtime_voice.md");

/// What the agent is told when a conversation has started.
pub(crate) const REALTIME_STARTED: &str = "A voice conversation has begun. From now on requests may reach you through \
    a voice model that talks with the user: they are transcripts of speech, may lack punctuation and may hold words \
    that were misheard. What you write is passed on to the voice model, which tells the user about it. Keep it short \
    and to the point; if a request needs no work, say so in one sentence.";

/// What it is told when it has ended.
pub(crate) const REALTIME_ENDED: &str = "The voice conversation is over. What the user writes from now on is typed, and \
    what you write is read by the user directly.";

/// What the agent is told of a conversation, in its frame.
pub(crate) fn realtime_notice(text: &str) -> String {
    format!("<realtime_conversation>\n{text}\n</realtime_conversation>")
}

/// What the voice model is told of what has been going on, in its frame.
pub(crate) fn realtime_startup_context(text: &str) -> String {
    format!(
        "<startup_context>\nBackground: what was going on in this thread and where it works, as of the start of the \
         conversation. It may be incomplete. Use it to understand the user; don't recite it.\n\n{}\n</startup_context>",
        text.trim_end()
    )
}

/// A hand-off as the agent reads it: what is wanted, and what was said since the last one.
pub(crate) fn realtime_delegation<'a>(input: &str, said: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = format!("<realtime_delegation>\n  <input>{}</input>\n", escape(input));
    let lines: Vec<_> = said
        .map(|(role, words)| format!("{role}: {}", escape(words)))
        .collect();
    if !lines.is_empty() {
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "  <transcript_delta>{}</transcript_delta>",
            lines.join("\n")
        );
    }
    text + "</realtime_delegation>"
}
