//! A scripted Responses server for demos, tests and authors of clients.
