//! Bodies of answers that are read whole: never more than so many bytes (after decompression), never longer than so
//! long in all. A server may trickle or never end.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;

/// How much of a body is read, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit {
    /// Bytes after decompression.
    pub(crate) bytes: usize,
    /// From the call to the end of the body.
    pub(crate) time: Duration,
}

/// Errors of model servers. The turn waits for them.
pub(crate) const ERROR_BODY: BodyLimit = BodyLimit {
    bytes: 256 << 10,
    time: Duration::from_secs(5),
};

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    #[error("the answer did not end within {} s", .0.as_secs())]
    TooSlow(Duration),
    #[error("{}", super::client::error_chain(.0))]
    Broken(reqwest::Error),
}

/// The whole body, or why it could not be had.
pub(crate) async fn read(response: Response, limit: BodyLimit) -> Result<Vec<u8>, BodyError> {
    let (body, error) = read_some(response, limit).await;
    match error {
        None => Ok(body),
        Some(error) => Err(error),
    }
}

/// What came of a body within the limits. For bodies that are only shown.
pub(crate) async fn read_start(response: Response, limit: BodyLimit) -> Vec<u8> {
    read_some(response, limit).await.0
}

async fn read_some(mut response: Response, limit: BodyLimit) -> (Vec<u8>, Option<BodyError>) {
    let mut body = Vec::new();
    let read = async {
        while let Some(chunk) = next(&mut response).await? {
            let room = limit.bytes - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                return Err(BodyError::TooLong(limit.bytes));
            }
        }
        Ok(())
    };
    let error = match tokio::time::timeout(limit.time, read).await {
        Ok(read) => read.err(),
        Err(_) => Some(BodyError::TooSlow(limit.time)),
    };
    (body, error)
}

async fn next(response: &mut Response) -> Result<Option<Bytes>, BodyError> {
    response
        .chunk()
        .await
        .map_err(|error| BodyError::Broken(error.without_url()))
}
