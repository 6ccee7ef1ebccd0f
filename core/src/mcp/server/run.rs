//! The task of a server: from its start to the end of its process.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{McpServer, ServerState};
use crate::mcp::connection::{Connection, NotOpened};
use crate::mcp::error::StartError;

/// A server that has lived for so long may be started again once more.
const FORGIVEN: Duration = Duration::from_secs(600);

/// Runs it until it is to stop and nobody needs it again, or ends again and again.
pub(super) async fn run(server: Arc<McpServer>, mut within: Duration, mut stop: CancellationToken) {
    let _fails = FailsOnPanic(&server);
    loop {
        if let Err(error) = server.run_until_stopped(within, &stop).await
            && server.failed(error)
        {
            return;
        }
        let mut usage = server.usage();
        let again = usage.again.take().filter(|_| !usage.over);
        let quietly = usage.catalog.is_some();
        server.state.send_replace(match again {
            Some(_) => ServerState::Starting { quietly },
            None => ServerState::Stopped,
        });
        let Some(again) = again else { return };
        usage.stop = CancellationToken::new();
        (within, stop) = (again, usage.stop.clone());
    }
}

impl McpServer {
    /// Runs it until it is to stop. The error: it ends again and again. Whichever it is, its process has ended then.
    async fn run_until_stopped(&self, within: Duration, stop: &CancellationToken) -> Result<(), StartError> {
        let mut pace = Pace::default();
        loop {
            let connection = match Connection::open(&self.name, &self.launch, within, stop).await {
                Ok(connection) => Arc::new(connection),
                Err(NotOpened::Stopped) => return Ok(()),
                Err(NotOpened::Failed(error)) => return Err(error),
            };
            {
                let mut usage = self.usage();
                usage.catalog = Some(connection.catalog());
                usage.last = Instant::now();
            }
            self.advance(ServerState::Ready(Arc::clone(&connection)));
            let over = self.watch_over(&connection, within, &mut pace, stop).await;
            match over {
                Over::Stopped => {
                    connection.end().await;
                    return Ok(());
                }
                // Calls that are in flight there end by themselves.
                Over::SessionLost => self.advance(ServerState::Starting { quietly: true }),
                Over::Closed(why) => {
                    connection.end().await;
                    if !self.may_restart() {
                        return Err(StartError::new(&self.name, why));
                    }
                    tracing::warn!(server = self.name, "an MCP server is started again: {why}");
                    self.advance(ServerState::Starting { quietly: false });
                }
            }
        }
    }

    /// Its task goes on to another state, unless it is to stop.
    fn advance(&self, next: ServerState) {
        self.state.send_if_modified(|state| {
            let goes_on = !matches!(state, ServerState::Stopping);
            if goes_on {
                *state = next;
            }
            goes_on
        });
    }

    /// It has failed. False: it was to stop, and nobody cares.
    fn failed(&self, error: StartError) -> bool {
        let mut usage = self.usage();
        self.state.send_if_modified(|state| {
            let counts = !matches!(state, ServerState::Stopping);
            if counts {
                tracing::warn!(server = self.name, "{error}");
                usage.failed = Some(Instant::now());
                *state = ServerState::Failed(Arc::new(error));
            }
            counts
        })
    }

    /// Whether it may be started again though it has ended by itself.
    fn may_restart(&self) -> bool {
        let mut usage = self.usage();
        let may = usage.restarted.is_none_or(|last| last.elapsed() > FORGIVEN);
        if may {
            usage.restarted = Some(Instant::now());
        }
        may
    }

    /// Follows a conversation to its end.
    async fn watch_over(
        &self,
        connection: &Arc<Connection>,
        within: Duration,
        pace: &mut Pace,
        stop: &CancellationToken,
    ) -> Over {
        let peer = &connection.peer;
        let over = async {
            tokio::select! {
                biased;
                () = stop.cancelled() => Over::Stopped,
                () = peer.session_lost() => Over::SessionLost,
                why = peer.closed() => Over::Closed(why),
            }
        };
        let reloading = async {
            loop {
                peer.tools_changed().await;
                pace.next().await;
                match tokio::time::timeout(within, connection.reload()).await {
                    Ok(Ok(true)) => {
                        self.usage().catalog = Some(connection.catalog());
                        self.state.send_modify(|_| {});
                    }
                    Ok(Ok(false)) => {}
                    Ok(Err(error)) => tracing::warn!(
                        server = self.name,
                        "the tools of an MCP server can't be listed again: {error}"
                    ),
                    Err(_) => tracing::warn!(
                        server = self.name,
                        "the tools of an MCP server can't be listed again: it does not answer"
                    ),
                }
            }
        };
        tokio::select! {
            biased;
            over = over => over,
            () = reloading => Over::Stopped,
        }
    }
}

/// Why a conversation is over.
enum Over {
    /// It is to stop.
    Stopped,
    /// The server has forgotten the session.
    SessionLost,
    /// The server has ended it.
    Closed(String),
}

/// How often a server that keeps saying that its tools have changed is asked for them: at once a few times, then at longer and
/// longer intervals.
#[derive(Default)]
struct Pace {
    last: Option<Instant>,
    /// Times that were close to each other.
    close: u32,
}

impl Pace {
    /// Times that are close to each other.
    const CLOSE: Duration = Duration::from_secs(10);
    /// Of these, so many are without a pause.
    const FREE: u32 = 3;
    /// The first pause, and the longest.
    const PAUSE: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    /// Resolves when it may be asked again.
    async fn next(&mut self) {
        let is_close = self.last.is_some_and(|last| last.elapsed() < Self::CLOSE);
        self.close = if is_close { self.close.saturating_add(1) } else { 0 };
        if let Some(beyond) = self.close.checked_sub(Self::FREE) {
            let pause = Self::PAUSE * 2_u32.pow(beyond.min(8));
            tokio::time::sleep(pause.min(Self::LONGEST)).await;
        }
        self.last = Some(Instant::now());
    }
}

/// A server whose task has panicked has failed: nobody waits for it in vain.
struct FailsOnPanic<'a>(&'a McpServer);

impl Drop for FailsOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() && self.0.is_running() {
            let error = StartError::new(&self.0.name, "its task has ended unexpectedly");
            self.0.state.send_replace(ServerState::Failed(Arc::new(error)));
        }
    }
}
