//! Reaching others over sockets.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use super::Canary::Succeeds;
use super::{escape, refuse_all, refuse_all_in, with_luck};
use crate::sandbox_support::{Ground, workspace_write};

#[test]
fn others_are_not_reached() {
    refuse_all(&[
        escape("a Unix socket outside", "", "call connect_out", Succeeds),
        escape("by a link", "", "call connect_out_by_link", Succeeds),
        escape(
            "by a name that was bound inside",
            "",
            "call connect_after_bind",
            Succeeds,
        ),
        escape("datagrams", "", "call send_datagram", Succeeds),
        escape(
            "datagrams by another name",
            "",
            "call send_raw_datagram",
            Succeeds,
        ),
        escape("an abstract socket", "", "call connect_abstract", Succeeds),
        escape("the host's loop-back", "", "call connect_host", Succeeds),
        with_luck("packets", "call packet_socket", Succeeds),
        with_luck("events of the kernel", "call kernel_events", Succeeds),
        with_luck("virtual machines", "call vsock", Succeeds),
        with_luck("cryptography of the kernel", "call kernel_crypto", Succeeds),
    ]);
}

#[test]
fn with_network_unix_sockets_of_others_are_not_reached_either() {
    refuse_all_in(
        &[
            escape("a Unix socket outside", "", "call connect_out", Succeeds),
            escape(
                "by a name that was bound inside",
                "",
                "call connect_after_bind",
                Succeeds,
            ),
            escape("an abstract socket", "", "call connect_abstract", Succeeds),
            escape("datagrams", "", "call send_datagram", Succeeds),
        ],
        |ground| ground.policy = workspace_write(true),
    );
}

#[test]
fn with_network_the_host_is_reached() {
    let mut ground = Ground::new();
    ground.policy = workspace_write(true);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let own = std::env::current_exe().unwrap();
    let port = port.to_string();
    let variables = [
        ("SANDBOX_TEST_ATTEMPT", "connect_port"),
        ("SANDBOX_TEST_PORT", port.as_str()),
    ];
    let ended = ground.run_with(&[own.to_str().unwrap()], &variables);
    assert!(ended.status.success(), "{ended:?}");
}

/// What others listen on, for as long as this program runs.
pub(crate) fn listeners() -> &'static (u16, std::path::PathBuf, String) {
    static ALL: std::sync::OnceLock<(u16, std::path::PathBuf, String)> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixDatagram};
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap().keep();
        let unix = UnixListener::bind(folder.join("stream")).unwrap();
        let datagrams = UnixDatagram::bind(folder.join("datagram")).unwrap();
        let name = format!("sandbox-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let hidden = UnixListener::bind_addr(&address).unwrap();
        // They stay open until the end.
        std::mem::forget((tcp, unix, datagrams, hidden));
        (port, folder, name)
    })
}
