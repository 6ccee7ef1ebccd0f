//! Signing in to servers.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::http::Tokens;
use crate::config::{CredentialsStore, McpHttp};
use crate::secret::Secret;

/// Tokens of a home.
#[derive(Debug)]
pub(super) struct Credentials {
    codex_home: PathBuf,
}

/// The tokens of one server.
#[derive(Debug, PartialEq)]
pub(super) struct SignIn {
    name: String,
}

impl Credentials {
    pub(super) fn new(codex_home: PathBuf) -> Arc<Self> {
        Arc::new(Self { codex_home })
    }

    pub(super) fn sign_in(self: &Arc<Self>, name: &str, _: &McpHttp, _: CredentialsStore) -> Arc<SignIn> {
        let _ = &self.codex_home;
        Arc::new(SignIn {
            name: name.to_owned(),
        })
    }
}

impl SignIn {
    pub(super) fn is_known(&self) -> bool {
        false
    }

    pub(super) async fn is_signed_in(&self) -> bool {
        false
    }
}

impl Tokens for SignIn {
    fn access(&self) -> BoxFuture<'_, Option<Secret>> {
        std::future::ready(None).boxed()
    }

    fn refused(&self, _: Option<Secret>) -> BoxFuture<'_, bool> {
        std::future::ready(false).boxed()
    }
}
