//! Clients that come over sockets (docs/contract/connection.md#network-transports).

mod auth;
mod drain;
mod reconnect;
mod several;
mod slow;
mod unix;
mod websocket;
