//! What the double answers when a test prescribes nothing.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Reply, Seen, State, Tokens, access_token, jwt, now};

impl State {
    pub(super) fn of(&self, route: &str) -> Vec<Seen> {
        self.seen
            .iter()
            .filter(|seen| seen.route == route)
            .cloned()
            .collect()
    }

    pub(super) fn issue(&mut self, account: &str) -> Tokens {
        self.serial += 1;
        let serial = self.serial;
        let access = access_token(account, serial, now() + self.token_life);
        let refresh = format!("refresh-{serial}-{account}");
        self.valid_access.insert(access.clone());
        self.refresh.insert(refresh.clone(), (account.to_owned(), false));
        let id = jwt(&json!({
            "email": format!("{account}@example.com"),
            "https://api.openai.com/auth": {
                "chatgpt_account_id": account,
                "chatgpt_plan_type": "pro",
                "chatgpt_user_id": format!("user-{account}"),
            },
        }));
        Tokens {
            id,
            access,
            refresh,
            account: account.to_owned(),
        }
    }

    pub(super) fn answer(&mut self, seen: &Seen) -> Reply {
        if let Some(reply) = self.scripted.get_mut(&seen.route).and_then(VecDeque::pop_front) {
            return reply;
        }
        if let Some(reply) = self.fixed.get(&seen.route) {
            return reply.clone();
        }
        match seen.route.as_str() {
            "POST /oauth/token" => self.token(&seen.body),
            "POST /oauth/revoke" => self.revoke(&seen.body),
            "POST /api/accounts/deviceauth/usercode" => Reply::new(
                200,
                json!({"device_auth_id": "device-1", "user_code": "ABCD-1234", "interval": "0"}),
            ),
            "POST /api/accounts/deviceauth/token" => self.device_token(),
            _ if self.is_signed_in(seen) => Self::backend(seen),
            _ => Reply::new(
                401,
                json!({"error": {"message": "the bearer token is not accepted"}}),
            ),
        }
    }

    fn token(&mut self, body: &Value) -> Reply {
        let refused = |code: &str| Reply::new(400, json!({"error": {"code": code, "message": code}}));
        match body["grant_type"].as_str() {
            Some("refresh_token") => {
                let known = body["refresh_token"]
                    .as_str()
                    .and_then(|token| self.refresh.get_mut(token));
                match known {
                    Some((_, used)) if *used => refused("refresh_token_reused"),
                    Some((account, used)) => {
                        *used = true;
                        let account = account.clone();
                        issued(&self.issue(&account))
                    }
                    None => refused("refresh_token_invalidated"),
                }
            }
            Some("authorization_code") => {
                let grant = body["code"].as_str().and_then(|code| self.codes.remove(code));
                let Some((challenge, redirect_uri, account)) = grant else {
                    return Reply::new(
                        400,
                        json!({"error": "invalid_grant", "error_description": "unknown code"}),
                    );
                };
                let verifier = body["code_verifier"].as_str().unwrap_or_default();
                let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
                let right_proof = proof == challenge;
                let right_place = redirect_uri.is_empty() || body["redirect_uri"] == redirect_uri.as_str();
                if !right_proof || !right_place {
                    return Reply::new(
                        400,
                        json!({"error": "invalid_grant", "error_description": "bad proof"}),
                    );
                }
                issued(&self.issue(&account))
            }
            Some("urn:ietf:params:oauth:grant-type:token-exchange") => {
                Reply::new(200, json!({"access_token": "sk-exchanged-key"}))
            }
            _ => Reply::new(400, json!({"error": "unsupported_grant_type"})),
        }
    }

    fn revoke(&mut self, body: &Value) -> Reply {
        if let Some(token) = body["token"].as_str() {
            self.refresh.remove(token);
        }
        Reply::new(200, json!({}))
    }

    fn device_token(&mut self) -> Reply {
        let Some(account) = self.device_grant.take() else {
            return Reply::new(403, json!({"error": "authorization_pending"}));
        };
        self.serial += 1;
        let code = format!("code-{}", self.serial);
        self.device_verifier = format!("verifier-{}", self.serial);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.device_verifier.as_bytes()));
        self.codes
            .insert(code.clone(), (challenge.clone(), String::new(), account));
        let grant = json!({
            "authorization_code": code, "code_challenge": challenge, "code_verifier": self.device_verifier,
        });
        Reply::new(200, grant)
    }

    fn is_signed_in(&self, seen: &Seen) -> bool {
        let bearer = seen
            .headers
            .get("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        bearer.is_some_and(|bearer| self.valid_access.contains(bearer))
    }

    /// What a signed-in account may ask.
    fn backend(seen: &Seen) -> Reply {
        let account = seen
            .headers
            .get("chatgpt-account-id")
            .cloned()
            .unwrap_or_default();
        match seen.route.split_once(' ').unwrap().1 {
            path if path.ends_with("/accounts/check") => Reply::new(
                200,
                json!({"accounts": [{
                    "id": account, "name": "Workspace", "account_routing_override": "us",
                    "workspace_backend_origin": "https://backend.example.com",
                }]}),
            ),
            path if path.ends_with("/responses") => {
                let message = json!({"type": "message", "role": "assistant", "id": "msg-1",
                    "content": [{"type": "output_text", "text": "Hello"}]});
                let usage = json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2});
                let events = [
                    json!({"type": "response.created", "response": {"id": "resp-1"}}),
                    json!({"type": "response.output_item.done", "item": message}),
                    json!({"type": "response.completed", "response": {"id": "resp-1", "usage": usage}}),
                ];
                let stream = events.map(|event| format!("data: {event}\n\n")).concat();
                Reply::new(200, Value::String(stream)).header("content-type", "text/event-stream")
            }
            _ => Reply::new(404, json!({"error": {"message": "no such thing"}})),
        }
    }
}

fn issued(tokens: &Tokens) -> Reply {
    let body = json!({"id_token": tokens.id, "access_token": tokens.access, "refresh_token": tokens.refresh});
    Reply::new(200, body)
}
