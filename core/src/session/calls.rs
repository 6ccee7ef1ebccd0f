//! The tool calls of one response.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::deferred_tools::DeferredTools;
use crate::model::{KnownItem, ResponseItem, pairing};
use crate::tools::{CallContext, ToolCall, ToolEnd, ToolSet};

/// How long tools get to stop what they run: children have two seconds between TERM and KILL.
const GRACE: Duration = Duration::from_secs(3);

/// Calls that may run at the same time at most.
const PLACES: u32 = 1 << 16;

/// Calls that run at the same time, but for those of tools that run alone: these wait for all before them, and all behind
/// them wait for these. Each starts as soon as it is known and may; the outputs are given back in call order.
pub(crate) struct Calls {
    running: FuturesUnordered<BoxFuture<'static, (usize, ToolEnd)>>,
    slots: Vec<CallSlot>,
    /// A call takes a place, or all of them, in the order in which the calls came.
    places: Arc<Semaphore>,
    cancel: CancellationToken,
    stopped: bool,
}

struct CallSlot {
    call_id: String,
    custom: bool,
    output: Option<ResponseItem>,
}

impl Calls {
    /// None yet. All of them stop when `cancel` is cancelled.
    pub(crate) fn new(cancel: CancellationToken) -> Self {
        Self {
            running: FuturesUnordered::new(),
            slots: Vec::new(),
            places: Arc::new(Semaphore::new(PLACES as usize)),
            cancel,
            stopped: false,
        }
    }

    /// Starts the call, if the item is one.
    pub(crate) fn start(
        &mut self,
        tools: &ToolSet,
        cx: impl FnOnce(CancellationToken) -> CallContext,
        item: &KnownItem,
    ) {
        let (call, custom) = match item {
            KnownItem::FunctionCall {
                name,
                namespace,
                arguments,
                call_id,
                ..
            } => {
                let call = ToolCall {
                    call_id: call_id.clone(),
                    name: name.clone(),
                    namespace: namespace.clone(),
                    arguments: arguments.clone(),
                    custom: false,
                };
                (call, false)
            }
            KnownItem::CustomToolCall {
                name, input, call_id, ..
            } => {
                let call = ToolCall {
                    call_id: call_id.clone(),
                    name: name.clone(),
                    namespace: None,
                    arguments: input.clone(),
                    custom: true,
                };
                (call, true)
            }
            _ => return,
        };
        let slot = self.slots.len();
        self.slots.push(CallSlot {
            call_id: call.call_id.clone(),
            custom,
            output: None,
        });
        let cx = cx(self.cancel.clone());
        let wanted = if tools.runs_alone(&cx, &call) { PLACES } else { 1 };
        let run = tools.run_with_hooks(cx, call);
        let (places, cancel) = (Arc::clone(&self.places), self.cancel.clone());
        self.running.push(Box::pin(async move {
            let _place = tokio::select! {
                biased;
                () = cancel.cancelled() => return (slot, ToolEnd::text("aborted by user")),
                place = places.acquire_many(wanted) => place,
            };
            (slot, run.await)
        }));
    }

    /// Carries out the call, if the item is a search for tools.
    pub(crate) fn search(&mut self, tools: &DeferredTools, item: &ResponseItem) {
        if let Some((call_id, arguments)) = pairing::search_call(item) {
            self.slots.push(CallSlot {
                call_id: call_id.to_owned(),
                custom: false,
                output: Some(pairing::search_output(call_id, &tools.search(arguments))),
            });
        }
    }

    /// Whether there was any call.
    pub(crate) fn any(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Whether the user stopped the turn by the answer to a question.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Resolves when one more call has ended; never when none runs. Cancel-safe.
    pub(crate) async fn next(&mut self) {
        let Some((slot, end)) = self.running.next().await else {
            return std::future::pending().await;
        };
        self.ended(slot, end);
    }

    /// Resolves when all calls have ended, or one of them has stopped the turn. Cancel-safe.
    pub(crate) async fn all(&mut self) {
        while !self.stopped
            && let Some((slot, end)) = self.running.next().await
        {
            self.ended(slot, end);
        }
    }

    /// Stops what still runs and waits for it, but not for ever, and not once `hurry` is cancelled.
    pub(crate) async fn stop(&mut self, hurry: &CancellationToken) {
        self.cancel.cancel();
        let rest = async {
            while let Some((slot, end)) = self.running.next().await {
                self.ended(slot, end);
            }
        };
        // What does not stop in time is dropped with us; its output is the history's `aborted`.
        tokio::select! {
            biased;
            _ = tokio::time::timeout(GRACE, rest) => {}
            () = hurry.cancelled() => {}
        }
    }

    /// The outputs that there are, in call order.
    pub(crate) fn into_outputs(self) -> impl Iterator<Item = ResponseItem> {
        self.slots.into_iter().filter_map(|slot| slot.output)
    }

    fn ended(&mut self, slot: usize, end: ToolEnd) {
        let output = match end {
            ToolEnd::Output(output) => output,
            ToolEnd::StopTurn(output) => {
                self.stopped = true;
                output
            }
        };
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.output = Some(pairing::output(slot.call_id.clone(), slot.custom, output));
        }
    }
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls")
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
