//! Digests of bytes, as tools and registries write them.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Bytes in hexadecimal digits, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes whatever is written");
        text
    })
}

/// The SHA-256 digest in hexadecimal digits, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// What names these bytes in a registry: `sha256:…`.
pub(crate) fn oci_digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}
