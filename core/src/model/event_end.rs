//! The end of a response: what has been told in other ways than by events of its own is told before it.

use std::collections::VecDeque;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::completion::{End, Response};
use super::event_parser::{EventParser, UNREADABLE_EVENT, UNREADABLE_ITEM};
use super::output_items::{Address, Kind};
use super::{KnownItem, ModelError, ResponseEvent, ResponseItem, output_reader};
use crate::ErrorKind;

const UNREADABLE_USAGE: &str =
    "The model server's token counts can't be read; the tokens of this response are not counted.";

impl EventParser {
    /// The response is over: what has been told in other ways than by events of its own is told, then the end.
    pub(super) fn end(
        &mut self,
        event: End,
        response: Option<&RawValue>,
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        let response = Response::read(response);
        let end = response.end(event);
        if end == End::Failed {
            return Err(response.failure());
        }
        self.list_of_all(&response.output(), out)?;
        let failure = match end {
            End::Incomplete => Some(response.incompleteness()),
            _ => self.open_calls(out),
        };
        self.open_texts(out)?;
        self.differs |= self.items.any_open() || failure.is_some();
        let usage = response.usage().unwrap_or_else(|()| {
            self.lose(UNREADABLE_USAGE);
            None
        });
        let lost = std::mem::take(&mut self.lost).into_iter();
        out.extend(lost.map(|what| ResponseEvent::Notice(what.to_owned())));
        let (usage, usage_as_sent) = usage.unzip();
        out.push_back(ResponseEvent::Completed {
            response_id: response.id.0.to_string(),
            usage,
            usage_as_sent,
            end_turn: response.end_turn(),
            failure: failure.map(Box::new),
        });
        Ok(())
    }

    /// Items that stand in the list at the end of the response and in no event.
    fn list_of_all(
        &mut self,
        output: &[&RawValue],
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        if output.len() <= self.items.done_count() && !self.items.any_open() {
            return Ok(());
        }
        let mut left: Vec<_> = output
            .iter()
            .enumerate()
            .filter_map(|(index, raw)| Some((index, output_reader::read(raw.get())?)))
            .filter(|(_, item)| is_models(item))
            .collect();
        let readable = left.len() == output.len();
        let mut taken = vec![false; self.items.entries().len()];
        for pass in 0..4 {
            left.retain(|(index, item)| !self.items.is_complete(&mut taken, pass, *index, item));
        }
        if !left.is_empty() {
            self.differs = true;
            if readable {
                // Here they are in a form that can be read.
                self.lost
                    .retain(|what| *what != UNREADABLE_ITEM && *what != UNREADABLE_EVENT);
            }
        }
        for (index, item) in left {
            let at = Address {
                index: i64::try_from(index).ok(),
                id: "",
            };
            self.complete(item, at, out)?;
        }
        Ok(())
    }

    /// Calls that were announced and whose end never came: they are made if all of their input is there. Gives the
    /// reason to end the turn if not.
    fn open_calls(&mut self, out: &mut VecDeque<ResponseEvent>) -> Option<ModelError> {
        let mut failure = None;
        for number in 0..self.items.entries().len() {
            let entry = &mut self.items.entries()[number];
            let Some(mut item) = entry.announced.take().filter(|_| entry.open) else {
                continue;
            };
            let held = std::mem::take(&mut entry.held);
            entry.open = false;
            self.differs = true;
            let (name, complete) = match &mut item {
                ResponseItem::Known(KnownItem::FunctionCall { name, arguments, .. }) => {
                    // An announcement has no arguments, or none that say anything, unless it is all that there will be.
                    let told = !held.trim().is_empty() || arguments.trim().len() > 2;
                    if !held.trim().is_empty() {
                        *arguments = held;
                    }
                    let whole = serde_json::from_str::<IgnoredAny>(arguments).is_ok();
                    (name.clone(), told && whole)
                }
                ResponseItem::Known(KnownItem::CustomToolCall { name, input, .. }) => {
                    if !held.is_empty() {
                        *input = held;
                    }
                    (name.clone(), !input.is_empty())
                }
                _ => continue,
            };
            if complete {
                out.push_back(ResponseEvent::ItemDone { number, item });
            } else {
                let message = format!(
                    "the model server announced a call of the tool `{name}` and never sent all of it; the call was \
                     not made. Ask again to go on."
                );
                failure.get_or_insert_with(|| ModelError::terminal(ErrorKind::Other, message));
            }
        }
        failure
    }

    /// Text that has come in no other way than whole parts, or without a message.
    fn open_texts(&mut self, out: &mut VecDeque<ResponseEvent>) -> Result<(), ModelError> {
        for (number, entry) in self.items.entries().iter_mut().enumerate() {
            if entry.open && entry.kind == Kind::Message && !entry.streamed && !entry.held.is_empty() {
                let delta = std::mem::take(&mut entry.held);
                out.push_back(ResponseEvent::TextDelta { number, delta });
            }
        }
        let stray = std::mem::take(&mut self.stray);
        let any = self
            .items
            .entries()
            .iter()
            .any(|entry| entry.kind == Kind::Message);
        if !stray.is_empty() && !any {
            self.differs = true;
            self.complete(ResponseItem::of_model(stray), Address::default(), out)?;
        }
        Ok(())
    }
}

/// Some gateways list the input too.
fn is_models(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::Known(KnownItem::Message { role, .. }) => role == "assistant",
        ResponseItem::Known(
            KnownItem::FunctionCallOutput { .. } | KnownItem::CustomToolCallOutput { .. },
        ) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(events: &[Value]) -> Result<Vec<ResponseEvent>, ModelError> {
        let mut parser = EventParser::default();
        let mut out = VecDeque::new();
        for event in events {
            parser.parse(event.to_string().as_bytes(), &mut out)?;
        }
        Ok(out.into())
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "tests give it what they have just made"
    )]
    fn completed(response: Value) -> Value {
        json!({"type": "response.completed", "response": response})
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "tests give it what they have just made"
    )]
    fn added(item: Value) -> Value {
        json!({"type": "response.output_item.added", "output_index": 0, "item": item})
    }

    fn done(item: &Value) -> Value {
        json!({"type": "response.output_item.done", "output_index": 0, "item": item})
    }

    /// What the items that are complete say or do, and why the turn can't go on.
    fn told(events: &[Value]) -> (Vec<String>, String) {
        let mut said = Vec::new();
        let mut failed = String::new();
        for event in parse(events).unwrap() {
            match event {
                ResponseEvent::ItemDone {
                    item: ResponseItem::Known(KnownItem::Message { content, .. }),
                    ..
                } => said.push(content.iter().filter_map(|part| part.said()).collect()),
                ResponseEvent::ItemDone {
                    item:
                        ResponseItem::Known(KnownItem::FunctionCall {
                            arguments, call_id, ..
                        }),
                    ..
                } => said.push(format!("{call_id} {arguments}")),
                ResponseEvent::ItemDone {
                    item: ResponseItem::Known(KnownItem::CustomToolCall { input, call_id, .. }),
                    ..
                } => said.push(format!("{call_id} {input}")),
                ResponseEvent::TextDelta { delta, .. } => said.push(format!("+{delta}")),
                ResponseEvent::Notice(text) => said.push(format!("notice {text}")),
                ResponseEvent::Completed {
                    failure: Some(failure),
                    ..
                } => {
                    assert!(!failure.retryable);
                    failed = failure.error.message;
                }
                _ => {}
            }
        }
        (said, failed)
    }

    fn message(id: &str, text: &str) -> Value {
        json!({"type": "message", "id": id, "role": "assistant", "content": [{"type": "output_text", "text": text}]})
    }

    fn call(id: &str, cmd: &str) -> Value {
        json!({"type": "function_call", "call_id": id, "name": "n", "arguments": json!({"cmd": cmd}).to_string()})
    }

    #[test]
    fn items_that_only_the_list_at_the_end_has_are_told_once() {
        let (said, failed) = told(&[completed(
            json!({"output": [message("m", "hi"), call("c", "ls")]}),
        )]);
        assert_eq!(said, ["hi", r#"c {"cmd":"ls"}"#]);
        assert_eq!(failed, "");
        let list = json!({"output": [message("x", "a"), message("y", "b"), call("c", "ls")]});
        let (said, _) = told(&[done(&message("m", "b")), done(&call("c", "ls")), completed(list)]);
        assert_eq!(said, ["b", r#"c {"cmd":"ls"}"#, "a"], "identifiers may change");
        let list =
            json!({"output": [message("m", "b"), {"type": "message", "role": "user", "content": "echo"}]});
        assert_eq!(told(&[done(&message("m", "b")), completed(list)]).0, ["b"]);
    }

    #[test]
    fn an_item_that_could_not_be_read_may_stand_in_the_list() {
        let broken = done(&json!({"type": 7}));
        let list = json!({"output": [message("m", "hi")]});
        assert_eq!(told(&[broken.clone(), completed(list)]).0, ["hi"]);
        let (said, _) = told(&[broken.clone(), broken, completed(json!({}))]);
        assert_eq!(said, [format!("notice {UNREADABLE_ITEM}")], "once");
    }

    #[test]
    fn a_call_whose_end_never_came_is_made_if_all_of_it_is_there() {
        let announced =
            added(json!({"type": "function_call", "id": "f", "call_id": "c", "name": "n", "arguments": ""}));
        let arguments = |text: &str| json!({"type": "response.function_call_arguments.done", "item_id": "f", "arguments": text});
        let delta = |text: &str| json!({"type": "response.function_call_arguments.delta", "item_id": "f", "delta": text});
        let end = completed(json!({}));
        assert_eq!(
            told(&[announced.clone(), arguments("{\"a\":1}"), end.clone()]).0,
            [r#"c {"a":1}"#]
        );
        assert_eq!(
            told(&[announced.clone(), delta("{\"a\""), delta(":1}"), end.clone()]).0,
            [r#"c {"a":1}"#]
        );
        assert_eq!(
            told(&[announced.clone(), delta("{\"a"), arguments("{}"), end.clone()]).0,
            ["c {}"]
        );
        assert_eq!(
            told(&[added(call("c", "ls")), end.clone()]).0,
            [r#"c {"cmd":"ls"}"#]
        );
        for never in [vec![announced.clone()], vec![announced.clone(), delta("{\"a\":")]] {
            let events: Vec<_> = never.into_iter().chain([end.clone()]).collect();
            let (said, failed) = told(&events);
            assert!(
                said.is_empty() && failed.contains("never sent all of it"),
                "{said:?} {failed}"
            );
        }
        let custom =
            added(json!({"type": "custom_tool_call", "id": "f", "call_id": "c", "name": "n", "input": ""}));
        let input = json!({"type": "response.custom_tool_call_input.done", "item_id": "f", "input": "text"});
        assert_eq!(told(&[custom, input, end]).0, ["c text"]);
    }

    #[test]
    fn text_that_came_without_its_message_is_kept() {
        let delta = json!({"type": "response.output_text.delta", "item_id": "m", "delta": "hi"});
        let whole = json!({"type": "response.output_text.done", "item_id": "m", "text": "hi"});
        let part = json!({"type": "response.content_part.done", "item_id": "m", "part": {"type": "output_text", "text": "hi"}});
        let end = completed(json!({}));
        assert_eq!(told(&[delta.clone(), whole.clone(), end.clone()]).0, ["hi"]);
        assert_eq!(told(&[whole.clone(), part.clone(), end.clone()]).0, ["hi"]);
        let open = added(json!({"type": "message", "id": "m", "role": "assistant"}));
        assert_eq!(told(&[open.clone(), whole, part.clone(), end.clone()]).0, ["+hi"]);
        assert_eq!(told(&[open, delta.clone(), part, end.clone()]).0, ["+hi"]);
        let list = json!({"output": [message("m", "hi")]});
        assert_eq!(told(&[delta, completed(list)]).0, ["hi"]);
    }

    #[test]
    fn an_answer_is_complete_whatever_its_end_lacks() {
        for end in [
            json!({"type": "response.completed"}),
            json!({"type": "response.completed", "response": null}),
            json!({"type": "response.completed", "response": {"id": null, "usage": null}}),
            json!({"type": "response.completed", "response": {"id": 7, "usage": {"input_tokens": 1.5}}}),
            json!({"type": "response.done", "response": {"status": "completed"}}),
            json!({"object": "response", "status": "completed", "output": []}),
        ] {
            let events = parse(&[done(&message("m", "hi")), end.clone()]).unwrap();
            assert!(
                matches!(
                    events.last(),
                    Some(ResponseEvent::Completed { failure: None, .. })
                ),
                "{end}"
            );
        }
        let (said, _) = told(&[completed(json!({"usage": "many"}))]);
        assert_eq!(said, [format!("notice {UNREADABLE_USAGE}")]);
    }

    #[test]
    fn an_incomplete_response_is_over_with_what_came_of_it() {
        for kind in ["response.incomplete", "response.completed", "response.done"] {
            let details = json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"},
                "output": [message("m", "so far")], "usage": {"input_tokens": 1}});
            let (said, failed) = told(&[json!({"type": kind, "response": details})]);
            assert_eq!(said, ["so far"]);
            assert!(failed.contains("content_filter"), "{kind}");
        }
        let call =
            added(json!({"type": "function_call", "call_id": "c", "name": "n", "arguments": "{\"a\":1}"}));
        let (said, _) = told(&[call, json!({"type": "response.incomplete"})]);
        assert!(said.is_empty(), "half an answer makes no calls: {said:?}");
    }

    #[test]
    fn a_failure_is_one_by_whatever_event() {
        for event in [
            json!({"type": "response.failed", "response": {"error": {"message": "no luck"}}}),
            json!({"type": "response.done", "response": {"status": "failed", "error": {"message": "no luck"}}}),
            json!({"type": "response.failed", "error": {"message": "no luck"}}),
        ] {
            assert!(parse(&[event]).unwrap_err().error.message.contains("no luck"));
        }
    }
}
