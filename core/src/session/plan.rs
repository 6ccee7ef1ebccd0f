//! Plans inside of messages: in plan mode, what stands between a line `<proposed_plan>` and a line
//! `</proposed_plan>` is an item of its own (docs/contract/turns.md#plans).

use serde_json::json;

use crate::model::ResponseItem;
use crate::new_id;

const OPEN: &str = "<proposed_plan>";
const CLOSE: &str = "</proposed_plan>";

/// A plan that the user has approved, as the model reads it: as data of its application, not in the user's words.
pub(crate) fn approved_plan(plan: &str) -> ResponseItem {
    ResponseItem::Other(json!({
        "type": "function_call_output",
        "id": format!("fco_{}", new_id()),
        "name": "proposed_plan",
        "namespace": "agent",
        "output": plan,
    }))
}

/// A piece of a message's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text of the message itself.
    Message(String),
    /// A plan begins.
    PlanBegins,
    /// Text of the plan.
    Plan(String),
}

/// Takes a text apart as it comes in. A line is held back only as long as it may still become a mark.
#[derive(Debug, Default)]
pub(crate) struct PlanSplitter {
    /// Beginning of a line that may be a mark.
    held: String,
    in_plan: bool,
    /// The line has begun with something that is no mark.
    in_line: bool,
}

impl PlanSplitter {
    /// The pieces that more text makes certain.
    pub(crate) fn push(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for part in text.split_inclusive('\n') {
            let ends = part.ends_with('\n');
            if self.in_line {
                self.text(part.to_owned(), &mut pieces);
            } else {
                self.held.push_str(part);
                if ends {
                    self.line_ends(&mut pieces);
                } else if !self.mark().starts_with(self.held.trim()) {
                    let held = std::mem::take(&mut self.held);
                    self.text(held, &mut pieces);
                    self.in_line = true;
                }
            }
            if ends {
                self.in_line = false;
            }
        }
        pieces
    }

    /// The pieces that are left when the text is over.
    pub(crate) fn finish(mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if !self.held.is_empty() {
            self.line_ends(&mut pieces);
        }
        pieces
    }

    fn mark(&self) -> &'static str {
        if self.in_plan { CLOSE } else { OPEN }
    }

    fn line_ends(&mut self, pieces: &mut Vec<Piece>) {
        let line = std::mem::take(&mut self.held);
        if line.trim() == self.mark() {
            self.in_plan = !self.in_plan;
            if self.in_plan {
                pieces.push(Piece::PlanBegins);
            }
        } else {
            self.text(line, pieces);
        }
    }

    fn text(&self, text: String, pieces: &mut Vec<Piece>) {
        match (pieces.last_mut(), self.in_plan) {
            (Some(Piece::Message(last)), false) | (Some(Piece::Plan(last)), true) => last.push_str(&text),
            (_, true) => pieces.push(Piece::Plan(text)),
            (_, false) => pieces.push(Piece::Message(text)),
        }
    }
}

/// A whole text without its plans, and the last plan.
pub(crate) fn split(text: &str) -> (String, Option<String>) {
    let mut splitter = PlanSplitter::default();
    let mut pieces = splitter.push(text);
    pieces.extend(splitter.finish());
    let mut message = String::new();
    let mut plan = None;
    for piece in pieces {
        match piece {
            Piece::Message(text) => message.push_str(&text),
            Piece::PlanBegins => plan = Some(String::new()),
            Piece::Plan(text) => plan.get_or_insert_default().push_str(&text),
        }
    }
    (message, plan)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plans_are_cut_out_of_messages() {
        let cases = [
            (
                "Intro\n<proposed_plan>\n1. do\n</proposed_plan>\nOutro",
                "Intro\nOutro",
                Some("1. do\n"),
            ),
            ("<proposed_plan>\nA\n</proposed_plan>", "", Some("A\n")),
            (
                "x <proposed_plan>\nA\n</proposed_plan> y\n",
                "x <proposed_plan>\nA\n</proposed_plan> y\n",
                None,
            ),
            (
                "  <proposed_plan>  \nA\n\n </proposed_plan>\n\nend\n",
                "\nend\n",
                Some("A\n\n"),
            ),
            ("pre\n<proposed_plan>\nopen\n", "pre\n", Some("open\n")),
            (
                "a\n<proposed_plan>\n1\n</proposed_plan>\nb\n<proposed_plan>\n2\n</proposed_plan>\nc",
                "a\nb\nc",
                Some("2\n"),
            ),
            ("no plan <propnope\n", "no plan <propnope\n", None),
        ];
        for (text, message, plan) in cases {
            assert_eq!(
                split(text),
                (message.to_owned(), plan.map(str::to_owned)),
                "{text}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// However a text is cut into deltas, its pieces are the same in sum.
        #[test]
        fn any_chunking_gives_the_same(
            lines in prop::collection::vec("(<proposed_plan>|</proposed_plan>|<prop|[a-z< ]{0,6})[ ]?\n?", 0..12),
            cuts in prop::collection::vec(1usize..9, 1..40),
        ) {
            let text = lines.concat();
            let mut splitter = PlanSplitter::default();
            let (mut message, mut plans) = (String::new(), Vec::<String>::new());
            let mut rest = text.as_str();
            let mut pieces = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (head, tail) = rest.split_at((*cut).min(rest.len()));
                pieces.extend(splitter.push(head));
                rest = tail;
            }
            pieces.extend(splitter.finish());
            for piece in pieces {
                match piece {
                    Piece::Message(text) => message.push_str(&text),
                    Piece::PlanBegins => plans.push(String::new()),
                    Piece::Plan(text) => plans.last_mut().expect("a plan has begun").push_str(&text),
                }
            }
            prop_assert_eq!((message, plans.pop()), split(&text));
        }
    }
}
