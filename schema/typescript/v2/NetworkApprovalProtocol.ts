// Generated from the protocol crate. Do not edit.

/** A network protocol. */
export type NetworkApprovalProtocol =
  /** HTTP. */
  | "http"
  /** HTTPS. */
  | "https"
  /** TCP over SOCKS 5. */
  | "socks5Tcp"
  /** UDP over SOCKS 5. */
  | "socks5Udp";
