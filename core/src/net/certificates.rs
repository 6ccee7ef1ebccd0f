//! Certificate bundles of users: PEM files, as people and tools really write them.

use std::path::Path;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use crate::external_file::{FileError, decode_lossy, read};

/// Largest bundle, in bytes. That of a machine has some 200 kB.
const MAX_BUNDLE: usize = 8 << 20;

/// What some tools write instead of `CERTIFICATE`.
const LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// Adds the certificates of a bundle to the roots. Gives what is wrong with each one that can't be used. Blocks; see
/// [`crate::external_file`].
pub(super) fn add_bundle(roots: &mut RootCertStore, path: &Path) -> Result<Added, FileError> {
    let text = decode_lossy(&read(path, MAX_BUNDLE)?);
    let mut added = Added::default();
    for (index, block) in blocks(&text).into_iter().enumerate() {
        let used = block
            .content
            .and_then(|der| roots.add(der).map_err(|error| error.to_string()));
        match used {
            Ok(()) => added.count += 1,
            Err(cause) => added.problems.push(format!(
                "certificate {} (line {}): {cause}",
                index + 1,
                block.line
            )),
        }
    }
    Ok(added)
}

/// What a bundle held.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// Certificates that are roots now.
    pub(super) count: usize,
    /// One sentence for each other one.
    pub(super) problems: Vec<String>,
}

struct Block {
    /// Where it begins, counted from 1.
    line: usize,
    content: Result<CertificateDer<'static>, String>,
}

/// The certificates in a text. All else, such as keys, comments and revocation lists, is passed over.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim).enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let Some(label) = boundary(line, "BEGIN") else {
            continue;
        };
        if !LABELS.contains(&label) {
            continue;
        }
        let mut body = String::new();
        let mut is_closed = false;
        // The next certificate must not be lost with one that has no end.
        while let Some((_, line)) = lines.next_if(|(_, line)| boundary(line, "BEGIN").is_none()) {
            if boundary(line, "END").is_some() {
                is_closed = true;
                break;
            }
            body.push_str(line);
        }
        let content = if is_closed {
            certificate(label, &body)
        } else {
            Err(format!("it has no line `-----END {label}-----`"))
        };
        blocks.push(Block {
            line: index + 1,
            content,
        });
    }
    blocks
}

/// The label of a line such as `-----BEGIN CERTIFICATE-----`.
fn boundary<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let label = line.strip_prefix("-----")?.strip_suffix("-----")?;
    label.strip_prefix(word)?.strip_prefix(' ').map(str::trim)
}

fn certificate(label: &str, body: &str) -> Result<CertificateDer<'static>, String> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let body: String = body.split_whitespace().collect();
    let mut der = GeneralPurpose::new(&STANDARD, config)
        .decode(body)
        .map_err(|error| format!("it is not Base64: {error}"))?;
    if label == "TRUSTED CERTIFICATE" {
        // What it is trusted for comes after the certificate itself. We trust it for what it is used for here.
        let length = element_length(&der).ok_or("it is no DER structure")?;
        der.truncate(length);
    }
    Ok(der.into())
}

/// Length of the DER element that the bytes begin with, with its head.
fn element_length(der: &[u8]) -> Option<usize> {
    let (_tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (head, content) = if first < 0x80 {
        (2, usize::from(first))
    } else {
        let count = usize::from(first & 0x7f);
        let bytes = rest.get(..count).filter(|bytes| (1..=4).contains(&bytes.len()))?;
        let content = bytes
            .iter()
            .fold(0, |length: usize, byte| length << 8 | usize::from(*byte));
        (2 + count, content)
    };
    let length = content.checked_add(head)?;
    (length <= der.len()).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root that was made for this test; nobody has its key.
    const ROOT: &str = include_str!("../../tests/all/certificates/root.pem");

    fn add(text: &[u8]) -> (usize, Vec<String>) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        let added = add_bundle(&mut RootCertStore::empty(), file.path()).expect("readable");
        (added.count, added.problems)
    }

    /// As `openssl x509 -trustout` writes it: the certificate, then what it is trusted for.
    fn trusted() -> String {
        let body: String = ROOT.lines().filter(|line| !line.starts_with('-')).collect();
        let engine = base64::engine::general_purpose::STANDARD;
        let mut der = engine.decode(body).expect("Base64");
        der.extend_from_slice(&[0x30, 0x0a, 0x30, 0x08, 6, 6, 0x2b, 6, 1, 5, 5, 7]);
        let body = engine.encode(der);
        format!("-----BEGIN TRUSTED CERTIFICATE-----\r\n{body}\r\n-----END TRUSTED CERTIFICATE-----\r\n")
    }

    #[test]
    fn certificates_are_read_however_tools_write_them() {
        assert_eq!(add(ROOT.as_bytes()), (1, vec![]));
        assert_eq!(add(trusted().as_bytes()), (1, vec![]));
        let old = ROOT.replace(" CERTIFICATE", " X509 CERTIFICATE");
        assert_eq!(add(old.as_bytes()), (1, vec![]));
        assert_eq!(add(format!("\u{feff}{ROOT}").as_bytes()), (1, vec![]));
        assert_eq!(add(ROOT.replace('\n', "\r\n").as_bytes()), (1, vec![]));
        let wide: Vec<u8> = format!("\u{feff}{ROOT}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(add(&wide), (1, vec![]));
        let mut mixed = b"Subject: \xe4\xff\n".to_vec();
        mixed.extend_from_slice(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        mixed.extend_from_slice(ROOT.as_bytes());
        assert_eq!(add(&mixed), (1, vec![]));
    }

    #[test]
    fn bad_certificates_are_named_and_cost_only_themselves() {
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let open = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        let garbled = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let (count, problems) = add(format!("{bad}{open}{garbled}{ROOT}").as_bytes());
        assert_eq!(count, 1);
        let starts = [
            "certificate 1 (line 1): ",
            "certificate 2 (line 4): ",
            "certificate 3 (line 6): ",
        ];
        assert_eq!(problems.len(), 3);
        for (problem, start) in problems.iter().zip(starts) {
            assert!(problem.starts_with(start), "{problem}");
        }
        let cut = trusted().replace(&trusted()[100..200], "");
        assert_eq!(add(format!("{cut}{ROOT}").as_bytes()).0, 1);
    }
}
